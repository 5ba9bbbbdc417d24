"""What the network analyzers take as names: ids and ARNs of resources, addresses, ranges of ports (facts 214, 224)."""

import re
from collections.abc import Mapping
from typing import Any

from atoll.model.entity import Entity
from atoll.model.kinds import Instance, InternetGateway, NetworkInterface
from atoll.model.tx import Tx
from atoll.packet import ip_number
from atoll.protocol import AwsError
from atoll.services.ec2.checks import arn, invalid, missing, refuse_members, wire
from atoll.services.ec2.lookup import ID

ARN = re.compile(r"arn:aws:(?P<service>[a-z0-9-]+):(?P<region>[a-z0-9-]*):(?P<account>[0-9]*):(?P<rest>[^\s]+)")
ENDS: dict[str, type[Entity]] = {kind.PREFIX: kind for kind in (Instance, InternetGateway, NetworkInterface)}
"""Where a path can begin and end here, by the prefix of the id."""

ENDS_ELSEWHERE = ("pcx", "tgw", "tgw-attach", "vgw", "vpce", "vpce-svc")
"""Where one can on AWS, of kinds of which there is none here."""


def named(tx: Tx, text: str) -> str:
    """The id that a text names: an id is one, an ARN ends with one. ARNs of others name nothing here: the text itself.

    What is neither is the caller's to refuse.
    """
    found = ARN.fullmatch(text)
    if found is None or found["service"] != "ec2":
        return text
    mine = (found["region"], found["account"]) == (tx.region, tx.account)
    return found["rest"].rpartition("/")[2] if mine else text


def end_of_path(tx: Tx, text: str, parameter: str) -> str:
    """The id of a path's end that exists. `parameter`: Source or Destination."""
    not_found = AwsError(
        f"NetworkInsights{parameter}.NotFound", f"The {parameter.lower()} '{text}' does not exist or cannot be found."
    )
    id_ = named(tx, text)
    if ARN.fullmatch(id_):
        raise not_found
    match = ID.match(id_)
    if match is None or match[1] not in (*ENDS, *ENDS_ELSEWHERE):
        raise invalid(text, parameter.lower(), "This resource cannot be the source or the destination of a path.")
    if match[1] not in ENDS or tx.own(ENDS[match[1]], id_) is None:
        raise not_found
    return id_


def end_arn(entity: Entity, id_: str) -> str:
    """The ARN of an end of something's path: of that one's account and region."""
    kind = ENDS[id_.rpartition("-")[0]]
    return arn(entity, id_).replace(f":{entity.KIND}/", f":{kind.KIND}/")


def address(text: str, parameter: str) -> str:
    """An IPv4 address."""
    try:
        family, _ = ip_number(text)
    except ValueError:
        family = 0
    if family != 4:
        raise invalid(text, parameter, "Expecting an IPv4 address.")
    return text


def ports(given: Mapping[str, Any], parameter: str) -> tuple[int, int]:
    """A range of ports: FromPort and ToPort."""
    refuse_members(given, ("FromPort", "ToPort"), parameter)
    for name in ("FromPort", "ToPort"):
        if given.get(name) is None:
            raise missing(f"{parameter}.{wire(name)}")
    low, high = port(given["FromPort"], f"{parameter}.fromPort"), port(given["ToPort"], f"{parameter}.toPort")
    if low > high:
        raise invalid(f"{low}-{high}", parameter, "The lower port comes first.")
    return low, high


def port(number: int, parameter: str) -> int:
    """A port."""
    if not 0 <= number <= 65535:
        raise invalid(number, parameter, "Expecting a port between 0 and 65535.")
    return number
