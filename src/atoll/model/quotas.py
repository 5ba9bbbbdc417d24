"""AWS's default quotas (aws-behaviour: Quotas), by name; a home may have its own."""

from collections.abc import Mapping
from types import MappingProxyType

DEFAULTS: Mapping[str, int] = MappingProxyType(
    {
        "vpcs-per-region": 5,
        "ipv4-blocks-per-vpc": 5,
        "subnets-per-vpc": 200,
        "elastic-ips-per-region": 5,
        "internet-gateways-per-region": 5,
        "nat-gateways-per-zone": 5,
        "elastic-ips-per-nat-gateway": 2,
        "private-ips-per-nat-gateway": 8,
        "route-tables-per-vpc": 200,
        "routes-per-table": 50,
        "network-acls-per-vpc": 200,
        "network-acl-entries-per-direction": 20,
        "security-groups-per-region": 2500,
        "rules-per-security-group": 60,
        "security-groups-per-interface": 5,
        "prefix-lists-per-region": 100,
        "prefix-list-entries": 1000,
        "prefix-list-references": 5000,
        "prefix-list-versions": 1000,
        "interfaces-per-region": 5000,
        "placement-groups-per-region": 500,
        "launch-templates-per-region": 5000,
        "launch-template-versions": 10000,
        "key-pairs-per-region": 5000,
        "network-load-balancers-per-region": 50,
        "listeners-per-network-load-balancer": 50,
        "target-groups-per-region": 3000,
        "targets-per-target-group": 1000,
        "instances-per-launch": 200,
        "insights-paths-per-region": 1000,
        "insights-analyses-per-region": 10_000,
        "insights-analyses-at-once": 100,
        "access-scopes-per-region": 1000,
        "access-scope-analyses-per-region": 10_000,
        "access-scope-analyses-at-once": 25,
        "tags-per-resource": 50,
        "iam-roles-per-account": 1000,
        "iam-policies-per-account": 1500,
        "iam-policies-per-role": 10,
        "iam-instance-profiles-per-account": 1000,
        "ssm-parameters-per-region": 10000,
    }
)

MULTIPLIED = ("security-groups-per-interface", "rules-per-security-group")
MOST_RULES_OF_AN_INTERFACE = 1000
"""What these two may come to when they are multiplied, whichever of them is raised (quotas table)."""
