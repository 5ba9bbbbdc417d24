"""Every service that Atoll serves. Importing this module registers all handlers."""

from atoll.services import ec2, iam, ssm, sts

SERVED = tuple(package.__name__.rpartition(".")[2] for package in (ec2, iam, ssm, sts))
"""Their names as botocore has them."""
