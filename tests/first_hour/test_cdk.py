"""The look-ups of CDK's context providers, with what they make of the answers.

aws/aws-cdk@00430cc59f50 packages/aws-cdk/lib/context-providers/: vpcs.ts, ami.ts, availability-zones.ts,
ssm-parameters.ts, endpoint-service-availability-zones.ts; security-groups.ts@0153028e6438,
load-balancers.ts@00255127cce4, keys.ts@00430cc59f50.
"""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.first_hour.account import OTHER_ZONE, ZONE, Account, only
from tests.support.expect import filters, named, refused, tag_specification

EVERYWHERE = "0.0.0.0/0"


def table_for(tables: list[Any], subnet: str) -> dict[str, Any]:
    """RouteTables.tableForSubnet, or the main one."""
    own = [table for table in tables if any(one.get("SubnetId") == subnet for one in table["Associations"])]
    main = [table for table in tables if any(one.get("Main") for one in table["Associations"])]
    return dict((own or main)[0])


def kind(subnet: dict[str, Any], tables: list[Any]) -> str:
    """readVpcProps: Public, Private or Isolated, by tag, by automatic addresses, by its routes."""
    tags: dict[str, str] = {one["Key"]: one["Value"] for one in subnet.get("Tags", [])}
    routes = table_for(tables, subnet["SubnetId"])["Routes"]
    if "aws-cdk:subnet-type" in tags:
        return tags["aws-cdk:subnet-type"]
    if subnet["MapPublicIpOnLaunch"] or any(one.get("GatewayId", "").startswith("igw-") for one in routes):
        return "Public"
    for target in ("NatGatewayId", "TransitGatewayId"):
        if any(one.get(target) and one.get("DestinationCidrBlock") == EVERYWHERE for one in routes):
            return "Private"
    return "Isolated"


def looked_up(account: Account, asked: list[dict[str, Any]]) -> dict[str, Any]:
    """VpcNetworkContextProviderPlugin.getValue: four calls."""
    ec2 = account.ec2
    vpc = only(ec2.describe_vpcs(Filters=asked)["Vpcs"])
    of_it = named("vpc-id", vpc["VpcId"])
    subnets = ec2.describe_subnets(Filters=of_it)["Subnets"]
    tables = ec2.describe_route_tables(Filters=of_it)["RouteTables"]
    attached = {"attachment.vpc-id": vpc["VpcId"], "attachment.state": "attached", "state": "available"}
    gateways = ec2.describe_vpn_gateways(Filters=[one for pair in attached.items() for one in named(*pair)])
    return {
        "id": vpc["VpcId"],
        "cidr": vpc["CidrBlock"],
        "owner": vpc["OwnerId"],
        "zones": sorted({one["AvailabilityZone"] for one in subnets}),
        "kinds": {one["SubnetId"]: kind(one, tables) for one in subnets},
        "tables": {one["SubnetId"]: table_for(tables, one["SubnetId"])["RouteTableId"] for one in subnets},
        "vpn": gateways["VpnGateways"],
    }


def test_the_default_vpc(account: Account) -> None:
    """Vpc.fromLookup({ isDefault: true }): filter isDefault; all its subnets are public, in every zone."""
    found = looked_up(account, named("isDefault", "true"))
    assert (found["cidr"], found["owner"], found["vpn"]) == ("172.31.0.0/16", account.id, [])
    zones = [one["ZoneName"] for one in account.ec2.describe_availability_zones()["AvailabilityZones"]]
    assert found["zones"] == sorted(zones)
    assert set(found["kinds"].values()) == {"Public"}


def test_a_vpc_by_name_with_public_and_isolated_subnets(account: Account) -> None:
    """Vpc.fromLookup({ vpcName }) asks for tag:Name; a subnet's kind comes from the table that it uses."""
    ec2 = account.ec2
    vpc = account.vpc(TagSpecifications=tag_specification("vpc", Name="Stack/Vpc"))
    gateway = account.gateway(vpc)
    public, isolated = account.subnet(vpc, "10.0.1.0/24", ZONE), account.subnet(vpc, "10.0.2.0/24", OTHER_ZONE)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock=EVERYWHERE, GatewayId=gateway)
    ec2.associate_route_table(RouteTableId=table, SubnetId=public)
    found = looked_up(account, named("tag:Name", "Stack/Vpc"))
    assert found["id"] == vpc
    assert found["kinds"] == {public: "Public", isolated: "Isolated"}
    assert found["tables"][public] == table
    assert found["tables"][isolated] != table, "the main one"


def test_a_vpc_by_id_with_subnets_that_cdk_has_tagged(account: Account) -> None:
    """Vpc.fromLookup({ vpcId }): filter vpc-id; the tag of a subnet that CDK made goes before all else."""
    vpc = account.vpc()
    tags = [{"Key": "aws-cdk:subnet-type", "Value": "Private"}, {"Key": "aws-cdk:subnet-name", "Value": "app"}]
    subnet = account.subnet(vpc, TagSpecifications=[{"ResourceType": "subnet", "Tags": tags}])
    assert looked_up(account, named("vpc-id", vpc))["kinds"] == {subnet: "Private"}


def test_a_vpc_that_there_is_not_is_an_empty_list(account: Account) -> None:
    """ "Could not find any VPCs matching ..." is CDK's own sentence, made from no VPC at all."""
    assert account.ec2.describe_vpcs(Filters=named("tag:Name", "nothing"))["Vpcs"] == []
    assert account.ec2.describe_vpcs(Filters=named("vpc-id", "vpc-0123456789abcdef0"))["Vpcs"] == []


def test_the_latest_image(account: Account) -> None:
    """MachineImage.lookup: owners and filters as they come, newest by CreationDate."""
    asked = filters(name="al2023-ami-*-x86_64", state="available", image_type="machine", is_public="true")
    found = account.ec2.describe_images(Owners=["amazon"], Filters=asked)["Images"]
    newest = max(found, key=lambda one: one["CreationDate"])
    assert newest["ImageId"].startswith("ami-")


def test_zones(account: Account) -> None:
    zones = account.ec2.describe_availability_zones()["AvailabilityZones"]
    assert [one["ZoneName"] for one in zones if one["State"] == "available"][:2] == [ZONE, OTHER_ZONE]


def test_a_parameter(account: Account) -> None:
    """StringParameter.valueFromLookup: ParameterNotFound alone is "none"; anything else stops the synthesis."""
    ssm = account.client("ssm")
    refused("ParameterNotFound", ssm.get_parameter, Name="/app/size")
    ssm.put_parameter(Name="/app/size", Value="3", Type="String")
    assert ssm.get_parameter(Name="/app/size")["Parameter"]["Value"] == "3"


@pytest.mark.parametrize("by", ["id", "name"])
def test_a_security_group(account: Account, by: str) -> None:
    """SecurityGroup.fromLookupById and -ByName: whether all outbound traffic is allowed, in both families."""
    ec2, vpc = account.ec2, account.vpc()
    group = account.group(vpc)
    asked = {"GroupIds": [group]} if by == "id" else {"Filters": [*named("vpc-id", vpc), *named("group-name", "web")]}

    def open_to(member: str, block: str) -> bool:
        shown = only(ec2.describe_security_groups(**asked)["SecurityGroups"])
        assert shown["GroupId"] == group
        every = [one for one in shown["IpPermissionsEgress"] if one["IpProtocol"] == "-1"]
        return any(block in found.values() for one in every for found in one[member])

    assert (open_to("IpRanges", EVERYWHERE), open_to("Ipv6Ranges", "::/0")) == (True, False)
    six = {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[six])
    assert (open_to("IpRanges", EVERYWHERE), open_to("Ipv6Ranges", "::/0")) == (True, True)


def test_load_balancers_are_listed_page_by_page(account: Account) -> None:
    """LoadBalancerContextProviderPlugin: no ARN, then by type and tags; none is "No load balancers found"."""
    pages = account.client("elbv2").get_paginator("describe_load_balancers").paginate()
    assert [one for page in pages for one in page["LoadBalancers"]] == []


@pytest.mark.parametrize(
    ("service", "operation"),
    [("kms", "list_aliases"), ("route53", "list_hosted_zones_by_name"), ("ecr", "describe_repositories")],
)
def test_look_ups_of_services_that_are_not_served_say_so(account: Account, service: str, operation: str) -> None:
    with pytest.raises(ClientError) as refusal:
        getattr(account.client(service), operation)()
    told = refusal.value.response
    assert told["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert f"'{service}'" in told["Error"]["Message"]


def test_zones_of_an_endpoint_service(account: Account) -> None:
    """EndpointServiceAZContextProviderPlugin: AWS always has these services; until they are here that is said."""
    told = refused(
        "InvalidAction",
        account.ec2.describe_vpc_endpoint_services,
        ServiceNames=["com.amazonaws.us-east-1.s3"],
    )
    assert "DescribeVpcEndpointServices" in told
