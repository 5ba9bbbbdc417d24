"""DHCP options sets: the one that every region has from the start (fact 153)."""

from atoll.model import names
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2.checks import default_dhcp_options
from atoll.services.ec2.describe import answer, is_tag_filter, no_pages_with_ids, page, sift
from atoll.services.ec2.paths import at
from atoll.services.registry import Request, Response, operation

PATHS = {
    "dhcp-options-id": "DhcpOptionsId",
    "key": "DhcpConfigurations.Key",
    "owner-id": "OwnerId",
    "value": "DhcpConfigurations.Values.Value",
}


def _default(tx: Tx) -> Response:
    """The default set; nobody can tag it, since no call here changes sets."""
    options = {"domain-name": names.private_zone(tx.region), "domain-name-servers": "AmazonProvidedDNS"}
    return {
        "OwnerId": tx.account,
        "Tags": [],
        "DhcpOptionsId": default_dhcp_options(tx.home),
        "DhcpConfigurations": [{"Key": key, "Values": [{"Value": value}]} for key, value in options.items()],
    }


@operation("DescribeDhcpOptions", "DhcpOptionsIds Filters MaxResults NextToken")
def describe_dhcp_options(tx: Tx, request: Request) -> Response:
    """The default set."""
    no_pages_with_ids(request, "DhcpOptionsIds")
    shown = _default(tx)
    for id_ in request.get("DhcpOptionsIds") or ():
        if id_ != shown["DhcpOptionsId"]:
            raise AwsError("InvalidDhcpOptionID.NotFound", f"The dhcpOption ID '{id_}' does not exist")
    kept = sift(
        [shown],
        request,
        lambda name: name in PATHS or is_tag_filter(name),
        lambda item, name: at(item, PATHS[name]) if name in PATHS else (),
    )
    return answer("DhcpOptions", *page(kept, request))
