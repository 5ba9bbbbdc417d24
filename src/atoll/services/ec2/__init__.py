"""Amazon EC2: one resource family a file. Importing this package registers its handlers."""

from atoll.services.ec2 import (
    gateways,
    network_acls,
    regions,
    route_tables,
    routes,
    security_group_rules,
    security_groups,
    subnets,
    tag_operations,
    vpcs,
)

__all__ = [
    "gateways",
    "network_acls",
    "regions",
    "route_tables",
    "routes",
    "security_group_rules",
    "security_groups",
    "subnets",
    "tag_operations",
    "vpcs",
]
