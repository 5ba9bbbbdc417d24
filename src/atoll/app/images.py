"""Images that users add: their files, and the records of them."""

import threading
from typing import TYPE_CHECKING, Any

from atoll.guest import Guests
from atoll.model.kinds import OwnImage
from atoll.model.regions import REGIONS
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import own_images
from atoll.services.ec2.image_table import own_image

if TYPE_CHECKING:
    from atoll.app.server import Server

_files = threading.Lock()
"""Held while files are added or removed: what is just being added is nobody's yet."""


def add(server: "Server", request: dict[str, Any], archive: int) -> dict[str, Any]:
    """Unpack an archive and register it as an image of the account."""
    guests = _guests(server)
    account, region, name = request["account"], request["region"], request["name"]
    if len(account) != 12 or not account.isdecimal():
        raise ValueError(f"{account} is no account: an account has 12 digits")
    if region not in REGIONS:
        raise ValueError(f"there is no region {region}. Regions: {', '.join(REGIONS)}")
    server.read(lambda: _said(lambda: own_images.check_name(server.writer.draft(account, region), name)))
    with _files:
        added = guests.add_software(archive)
        made = _said(
            lambda: server.on_loop(
                lambda: server.writer.write(
                    account,
                    region,
                    lambda tx: own_images.register(
                        tx, name, request["description"], added.name, imds_v2=request["imds_v2"]
                    ),
                )
            )
        ).result
    return {**_shown(made), "left_out": added.left_out}


def listed(server: "Server") -> list[dict[str, Any]]:
    """Every image that was added, of all accounts and regions."""
    return server.read(lambda: [_shown(one) for one in server.writer.model.all(OwnImage)])


def remove(server: "Server", id_: str) -> None:
    """Deregister an image; its files go with the last instance that needs them."""

    def owner() -> OwnImage | None:
        return server.writer.model.get(OwnImage, id_)

    found = server.read(owner)
    if found is None:
        raise LookupError(f"no image {id_} was added here. See: atoll image list")
    account, region = found.account, found.region
    server.on_loop(lambda: server.writer.write(account, region, lambda tx: own_images.deregister(tx, id_)))
    sweep(server)


def sweep(server: "Server") -> None:
    """Remove the files of images that nothing needs any more. On any thread but the loop's."""
    if server.guests is not None:
        with _files:
            server.guests.sweep_software(server.read(lambda: own_images.needed(server.writer.model)))


def _said(act: Any) -> Any:
    """AWS's refusals, as the command line shows them."""
    try:
        return act()
    except AwsError as error:
        raise ValueError(f"{error.code}: {error.message}") from error


def _guests(server: "Server") -> Guests:
    if server.guests is None:
        raise ValueError("This Atoll runs without a network (--fabric none): its instances are records only.")
    return server.guests


def _shown(image: OwnImage) -> dict[str, Any]:
    return {
        "id": image.id,
        "name": image.name,
        "architecture": own_image(image).architecture,
        "account": image.account,
        "region": image.region,
        "imds_support": "v2.0" if image.imds_v2 else None,
    }
