"""Sets of DHCP options (facts 153-155): the one that every region has from the start, and the user's own."""

from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import msgspec

from atoll.model import names
from atoll.model.kinds import DhcpOption, DhcpOptions, Vpc
from atoll.model.names import PROVIDED
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import paths
from atoll.services.ec2.checks import default_dhcp_options, invalid, missing
from atoll.services.ec2.describe import candidates, describe, no_pages_with_ids
from atoll.services.ec2.lookup import need
from atoll.services.ec2.tags import on_creation, tags_of
from atoll.services.registry import Request, Response, operation

NONE = "default"
"""What a VPC names that has no options at all (fact 153)."""

MOST_ADDRESSES = 4
NODE_TYPES = ("1", "2", "4", "8")
LEASE_TIMES = range(140, 2**31)
"""Seconds, up to about 68 years (CloudFormation's reference of AWS::EC2::DHCPOptions)."""


def create_default(tx: Tx) -> None:
    """The region's own set (fact 153)."""
    options = {"domain-name": names.private_zone(tx.region), "domain-name-servers": PROVIDED}
    tx.put(
        DhcpOptions(
            id=default_dhcp_options(tx.home),
            home=tx.home,
            options=tuple(DhcpOption(name=name, values=(value,)) for name, value in options.items()),
        )
    )


def _addresses(values: Sequence[str]) -> bool:
    return len(values) <= MOST_ADDRESSES and all(_is_a(IPv4Address, value) for value in values)


def _servers(values: Sequence[str]) -> bool:
    """Four of each family; AmazonProvidedDNS takes the place of IPv4 ones (fact 154)."""
    four = [value for value in values if value == PROVIDED or _is_a(IPv4Address, value)]
    six = [value for value in values if _is_a(IPv6Address, value)]
    return len(four) + len(six) == len(values) and max(len(four), len(six)) <= MOST_ADDRESSES


def _is_a(family: type[IPv4Address | IPv6Address], value: str) -> bool:
    try:
        family(value)
    except ValueError:
        return False
    return True


def _lease_time(values: Sequence[str]) -> bool:
    return len(values) == 1 and values[0].isdecimal() and int(values[0]) in LEASE_TIMES


OPTIONS: Mapping[str, tuple[Callable[[Sequence[str]], bool], str]] = {
    "domain-name": (lambda values: len(values) == 1, "Specify one domain name."),
    "domain-name-servers": (_servers, f"Specify up to four IPv4 and four IPv6 addresses, or {PROVIDED}."),
    "ntp-servers": (
        lambda values: _servers(values) and PROVIDED not in values,
        "Specify up to four IPv4 and four IPv6 addresses.",
    ),
    "netbios-name-servers": (_addresses, "Specify up to four IPv4 addresses."),
    "netbios-node-type": (lambda values: len(values) == 1 and values[0] in NODE_TYPES, "Specify 1, 2, 4 or 8."),
    "ipv6-address-preferred-lease-time": (
        _lease_time, f"Specify seconds, between {LEASE_TIMES.start} and {LEASE_TIMES.stop - 1}.",
    ),
}  # fmt: skip
"""The options that there are (fact 154): whether the values are right, and what to say when they are not."""


@operation("CreateDhcpOptions", "DhcpConfigurations TagSpecifications")
def create_dhcp_options(tx: Tx, request: Request) -> Response:
    """A new set; sets do not change (fact 153)."""
    given = request.get("DhcpConfigurations")
    if not given:
        raise missing("dhcpConfiguration")
    found: dict[str, DhcpOption] = {}
    for one in given:
        option = _option(one)
        if option.name in found:
            raise invalid(option.name, "dhcpConfiguration", "An option may be given only once.")
        found[option.name] = option
    options = DhcpOptions(
        id=tx.new_id("dopt"),
        home=tx.home,
        options=tuple(found.values()),
        tags=on_creation(tx, request, "dhcp-options"),
    )
    tx.put(options)
    return {"DhcpOptions": shown(tx, options)}


def _option(given: Mapping[str, Any]) -> DhcpOption:
    """One option, checked (fact 155). Several values may be given in one, with commas."""
    name = given.get("Key") or ""
    values = [part.strip() for value in given.get("Values") or () for part in value.split(",") if part.strip()]
    if name not in OPTIONS:
        raise invalid(name, "option", f"Unknown DHCP option. Specify one of: {', '.join(OPTIONS)}.")
    is_right, why = OPTIONS[name]
    if not values or not is_right(values):
        raise invalid(", ".join(values), name, why)
    return DhcpOption(name=name, values=tuple(values))


@operation("DeleteDhcpOptions", "DhcpOptionsId")
def delete_dhcp_options(tx: Tx, request: Request) -> Response:
    """Refused while a VPC uses it (facts 28, 155); the region's own set serves all VPCs to come."""
    options = need(tx, DhcpOptions, request["DhcpOptionsId"])
    if tx.count(Vpc, "dhcp_options", options.id) or options.id == default_dhcp_options(tx.home):
        raise AwsError("DependencyViolation", f"The dhcpOptions '{options.id}' has dependencies and cannot be deleted.")
    tx.delete(options)
    return {}


@operation("AssociateDhcpOptions", "DhcpOptionsId VpcId")
def associate_dhcp_options(tx: Tx, request: Request) -> Response:
    """Give a VPC another set, or none (fact 153)."""
    vpc = need(tx, Vpc, request["VpcId"])
    named = request["DhcpOptionsId"]
    id_ = named if named == NONE else need(tx, DhcpOptions, named).id
    tx.put(msgspec.structs.replace(vpc, dhcp_options=id_))
    return {}


def shown(_tx: Tx, options: DhcpOptions) -> Response:
    """As Describe shows it (fact 154)."""
    return {
        "OwnerId": options.account,
        "Tags": tags_of(options),
        "DhcpOptionsId": options.id,
        "DhcpConfigurations": [
            {"Key": one.name, "Values": [{"Value": value} for value in one.values]} for one in options.options
        ],
    }


FILTERS = paths.filters(
    shown,
    {
        "dhcp-options-id": "DhcpOptionsId",
        "key": "DhcpConfigurations.Key",
        "owner-id": "OwnerId",
        "value": "DhcpConfigurations.Values.Value",
    },
)


@operation("DescribeDhcpOptions", "DhcpOptionsIds Filters MaxResults NextToken")
def describe_dhcp_options(tx: Tx, request: Request) -> Response:
    """The sets of this region."""
    no_pages_with_ids(request, "DhcpOptionsIds")
    found = candidates(tx, DhcpOptions, request, "DhcpOptionsIds", {"dhcp-options-id": "id"})
    return describe(tx, request, found, FILTERS, "DhcpOptions", shown)
