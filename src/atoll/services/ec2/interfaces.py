"""Network interfaces: create, delete, describe."""

from msgspec.structs import replace

from atoll.model.kinds import NetworkInterface, Subnet
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2.describe import candidates, describe, no_pages_with_ids
from atoll.services.ec2.interface_making import end_interface, make_interface
from atoll.services.ec2.interface_shape import FILTERS, INDEXED, interface_shape
from atoll.services.ec2.lookup import need
from atoll.services.ec2.tags import on_creation
from atoll.services.registry import Request, Response, operation


@operation(
    "CreateNetworkInterface",
    "SubnetId Description PrivateIpAddress PrivateIpAddresses SecondaryPrivateIpAddressCount Groups "
    "Ipv4Prefixes Ipv4PrefixCount InterfaceType TagSpecifications ClientToken ConnectionTrackingSpecification",
)
def create_network_interface(tx: Tx, request: Request) -> Response:
    """An ENI that is available at once; the answer says `pending`, as AWS's does (fact 35)."""
    kind = request.get("InterfaceType") or "interface"
    if kind != "interface":
        raise AwsError("UnsupportedOperation", f"Network interfaces of type {kind} are not built in Atoll.")
    subnet = need(tx, Subnet, request["SubnetId"])
    tags = on_creation(tx, request, "network-interface")
    interface = make_interface(tx, subnet, request, groups=request.get("Groups") or (), tags=tags)
    answer: Response = {"NetworkInterface": interface_shape(tx, replace(interface, status="pending"))}
    if request.get("ClientToken"):
        answer["ClientToken"] = request["ClientToken"]
    return answer


@operation("DeleteNetworkInterface", "NetworkInterfaceId")
def delete_network_interface(tx: Tx, request: Request) -> Response:
    """Only what is attached nowhere can be deleted (fact 42)."""
    interface = need(tx, NetworkInterface, request["NetworkInterfaceId"])
    if interface.attachment is not None or interface.managed:
        raise AwsError("InvalidParameterValue", f"Network interface '{interface.id}' is currently in use.")
    end_interface(tx, interface)
    return {}


@operation("DescribeNetworkInterfaces", "NetworkInterfaceIds Filters MaxResults NextToken IncludeManagedResources")
def describe_network_interfaces(tx: Tx, request: Request) -> Response:
    """ENIs of NAT gateways and load balancers are shown always; IncludeManagedResources adds none here."""
    no_pages_with_ids(request, "NetworkInterfaceIds")
    found = candidates(tx, NetworkInterface, request, "NetworkInterfaceIds", INDEXED)
    return describe(tx, request, found, FILTERS, "NetworkInterfaces", interface_shape)
