"""Elastic Load Balancing v2: network load balancers. Importing this package registers its handlers."""

from atoll.services.elbv2 import (
    attributes,
    balancer_changes,
    limits,
    listeners,
    load_balancers,
    ssl_policies,
    tags,
    target_groups,
    target_health,
    targets,
)

__all__ = [
    "attributes",
    "balancer_changes",
    "limits",
    "listeners",
    "load_balancers",
    "ssl_policies",
    "tags",
    "target_groups",
    "target_health",
    "targets",
]
