"""Amazon EC2: one resource family a file. Importing this package registers its handlers."""

from atoll.services.ec2 import gateways, network_acls, route_tables, routes, security_groups, subnets, vpcs

__all__ = ["gateways", "network_acls", "route_tables", "routes", "security_groups", "subnets", "vpcs"]
