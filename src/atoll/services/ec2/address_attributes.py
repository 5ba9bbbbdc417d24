"""Attributes of Elastic IPs: the name that a reverse look-up shall give."""

import re
from typing import Any

from msgspec.structs import replace

from atoll.model.kinds import ElasticIp
from atoll.model.tx import Tx
from atoll.services.ec2.checks import invalid, missing
from atoll.services.ec2.describe import answer, candidates, page
from atoll.services.ec2.lookup import need
from atoll.services.registry import Request, Response, operation

LABEL = r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)"
NAME = re.compile(rf"{LABEL}(?:\.{LABEL})+\.?\Z")
DOMAIN_NAME = "domain-name"


def _shape(elastic: ElasticIp) -> dict[str, Any]:
    """An AddressAttribute of the API."""
    shape = {"AllocationId": elastic.id, "PublicIp": elastic.public_ip}
    return shape | ({"PtrRecord": elastic.ptr} if elastic.ptr else {})


def _updated(elastic: ElasticIp, wanted: str | None) -> Response:
    """The answer to a change: the record as it was, and the one on its way."""
    return {"Address": {**_shape(elastic), "PtrRecordUpdate": {"Value": wanted or "", "Status": "PENDING"}}}


@operation("ModifyAddressAttribute", "AllocationId DomainName")
def modify_address_attribute(tx: Tx, request: Request) -> Response:
    """AWS asks first whether the name leads to the address; no name of the world leads to one here."""
    elastic, name = need(tx, ElasticIp, request["AllocationId"]), request.get("DomainName")
    if not name:
        raise missing("domainName")
    if len(name) > 255 or not NAME.match(name):
        raise invalid(name, "domainName", "Expecting a domain name.")
    wanted = name if name.endswith(".") else f"{name}."
    tx.put(replace(elastic, ptr=wanted))
    return _updated(elastic, wanted)


@operation("ResetAddressAttribute", "AllocationId Attribute")
def reset_address_attribute(tx: Tx, request: Request) -> Response:
    """No name any more: the address can be released, or handed on."""
    _check_attribute(request["Attribute"])
    elastic = need(tx, ElasticIp, request["AllocationId"])
    tx.put(replace(elastic, ptr=None))
    return _updated(elastic, None)


def _check_attribute(name: str) -> None:
    if name != DOMAIN_NAME:
        raise invalid(name, "attribute", f"Expecting {DOMAIN_NAME}.")


@operation("DescribeAddressesAttribute", "AllocationIds Attribute MaxResults NextToken")
def describe_addresses_attribute(tx: Tx, request: Request) -> Response:
    """The addresses that have a name of their own."""
    _check_attribute(request.get("Attribute") or DOMAIN_NAME)
    found = candidates(tx, ElasticIp, request, "AllocationIds")
    named = [_shape(elastic) for elastic in found if elastic.ptr]
    return answer("Addresses", *page(named, request, least=1))
