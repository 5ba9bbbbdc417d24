"""What can be changed of a VPC: its attributes and its tenancy (facts 24, 149)."""

import msgspec

from atoll.model.kinds import Vpc
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.ec2.checks import attribute, exactly_one, invalid
from atoll.services.ec2.lookup import need
from atoll.services.registry import Request, Response, operation

ATTRIBUTES = {
    "EnableDnsSupport": "dns_support",
    "EnableDnsHostnames": "dns_hostnames",
    "EnableNetworkAddressUsageMetrics": "network_address_usage_metrics",
}


@operation("ModifyVpcAttribute", "VpcId EnableDnsSupport EnableDnsHostnames EnableNetworkAddressUsageMetrics")
def modify_vpc_attribute(tx: Tx, request: Request) -> Response:
    """One attribute a call (fact 149)."""
    name = exactly_one(request, ATTRIBUTES)
    value = attribute(request, name)
    vpc = need(tx, Vpc, request["VpcId"])
    if name == "EnableDnsHostnames" and value and not vpc.dns_support:
        raise AwsError("InvalidParameterValue", "DNS hostnames can be enabled only while DNS support is enabled.")
    tx.put(msgspec.structs.replace(vpc, **{ATTRIBUTES[name]: value}))
    return {}


@operation("DescribeVpcAttribute", "VpcId Attribute")
def describe_vpc_attribute(tx: Tx, request: Request) -> Response:
    """One attribute."""
    asked = request["Attribute"]
    name = asked[:1].upper() + asked[1:]
    if name not in ATTRIBUTES or asked == name:
        raise invalid(asked, "attribute", "Unknown attribute.")
    vpc = need(tx, Vpc, request["VpcId"])
    return {"VpcId": vpc.id, name: {"Value": getattr(vpc, ATTRIBUTES[name])}}


@operation("ModifyVpcTenancy", "VpcId InstanceTenancy")
def modify_vpc_tenancy(tx: Tx, request: Request) -> Response:
    """A dedicated VPC can become a default one, never the other way; instances stay as they are [BC]."""
    vpc = need(tx, Vpc, request["VpcId"])
    wanted = request["InstanceTenancy"]
    if wanted != "default":
        raise invalid(wanted, "instanceTenancy", "Specify default.")
    if vpc.tenancy == "default":
        raise AwsError("InvalidTenancy", f"The tenancy of the vpc '{vpc.id}' is default, which cannot be modified.")
    tx.put(msgspec.structs.replace(vpc, tenancy=wanted))
    return {"ReturnValue": True}
