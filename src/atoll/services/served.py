"""Every service that Atoll serves. Importing this module registers all handlers."""

from atoll.services import arc_zonal_shift, ec2, elbv2, iam, ssm, sts

PACKAGES = (arc_zonal_shift, ec2, elbv2, iam, ssm, sts)
BUILT = tuple(package.__name__.rpartition(".")[2].replace("_", "-") for package in PACKAGES)
"""Services of which something is built, as botocore names them."""

SERVED = BUILT
"""Services that answer."""
