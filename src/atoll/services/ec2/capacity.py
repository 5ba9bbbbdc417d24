"""Where instances can run: everywhere but in a zone that has failed.

The words are AWS's (commonwarexyz/monorepo#2859; of StartInstances: nib-health-funds/hammertime#29), and so is the
status of both, 500. A retry cures it once the zone is back; Terraform's aws_instance does not retry it
(hashicorp/terraform-provider-aws#37730).
"""

from atoll.model import outages
from atoll.model.regions import REGIONS
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError

CODE = "InsufficientInstanceCapacity"


def check_launch(tx: Tx, zone: str, type_: str) -> None:
    """InsufficientInstanceCapacity for a launch into a zone that is down."""
    if outages.outage_of(tx, zone) is None:
        return
    others = outages.well(tx, REGIONS[tx.region].zones)
    instead = (
        f" You can currently get {type_} capacity by not specifying an Availability Zone in your request or choosing "
        f"{', '.join(others)}."
        if others
        else ""
    )
    raise AwsError(
        CODE,
        f"We currently do not have sufficient {type_} capacity in the Availability Zone you requested ({zone}). Our "
        f"system will be working on provisioning additional capacity.{instead}",
        500,
    )


def check_start(tx: Tx, zone: str) -> None:
    """The same for a stopped instance there, which can be nowhere else."""
    if outages.outage_of(tx, zone) is not None:
        raise AwsError(CODE, "Insufficient capacity.", 500)
