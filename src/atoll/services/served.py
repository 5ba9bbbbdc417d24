"""Every service that Atoll serves. Importing this module registers all handlers."""

from atoll.services import ec2, elbv2, iam, ssm, sts

BUILT = tuple(package.__name__.rpartition(".")[2] for package in (ec2, elbv2, iam, ssm, sts))
"""Services of which something is built, as botocore names them."""

SERVED = BUILT
"""Services that answer."""
