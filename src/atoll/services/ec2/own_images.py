"""Images that a user adds on the command line. AWS has no call for it: there an image begins with a snapshot."""

import re

from atoll.model.kinds import Instance, OwnImage
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.records import Table

NAME = re.compile(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}\Z")


def check_name(tx: Tx, name: str) -> None:
    """As RegisterImage wants it: of 3 to 128 characters, and no other image's of this account and region."""
    if not NAME.match(name):
        raise AwsError(
            "InvalidAMIName.Malformed",
            "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', '[', "
            "']', ' ', '.', '/', '-', ''', '@' and '_'",
        )
    taken = next((one for one in tx.mine(OwnImage) if one.name == name), None)
    if taken is not None:
        raise AwsError("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {taken.id}")


def register(tx: Tx, name: str, description: str, software: str, *, imds_v2: bool) -> OwnImage:
    """A new image whose files are there."""
    check_name(tx, name)
    made = OwnImage(
        home=tx.home,
        id=tx.new_id("ami"),
        name=name,
        description=description,
        created=tx.time,
        software=software,
        imds_v2=imds_v2,
    )
    tx.put(made)
    return made


def deregister(tx: Tx, id_: str) -> None:
    """Nothing can be launched from it any more; instances that were go on."""
    found = tx.own(OwnImage, id_)
    if found is None:
        raise AwsError("InvalidAMIID.Unavailable", f"The image ID '{id_}' is no longer available")
    tx.delete(found)


def needed(model: Table) -> set[str]:
    """The names of files that an image or an instance still needs."""
    images = {one.software for one in model.all(OwnImage)}
    return images | {one.software for one in model.all(Instance) if one.software and one.state != "terminated"}
