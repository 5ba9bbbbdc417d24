"""Questions in a user's words, over a small cloud made through the API: a web server, a database, a way out by NAT."""

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from atoll.fabric.none import NoFabric
from atoll.review.exposures import exposure
from atoll.review.question import wanted
from atoll.review.reaching import Answer, Pair, answer
from tests.witness.clients import Client, client
from tests.witness.cloud import Cloud


class Shop(NamedTuple):
    """The cloud and what is in it. web: public subnet, 80 from the world; db: private, 5432 from web's group."""

    cloud: Cloud
    ec2: Client
    ids: dict[str, str]

    def ask(self, source: str, destination: str) -> Answer:
        return answer(self.cloud.writer.model, self.cloud.plan, source, destination)

    def one(self, source: str, destination: str) -> Pair:
        (pair,) = self.ask(source, destination).pairs
        return pair


@pytest.fixture
def shop() -> Iterator[Shop]:
    with contextlib.closing(Cloud(1, NoFabric())) as cloud:
        yield Shop(cloud, ec2 := client(cloud, 1), build(ec2))


def build(ec2: Client) -> dict[str, str]:
    vpc = ec2.call("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.call("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    ec2.call("AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)
    subnets = [
        ec2.call("CreateSubnet", VpcId=vpc, CidrBlock=block, AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
        for block in ("10.0.1.0/24", "10.0.2.0/24")
    ]
    table = ec2.call("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.call("AssociateRouteTable", RouteTableId=table, SubnetId=subnets[0])
    ec2.call("CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ids = {"vpc": vpc, "igw": gateway, "rtb": table}
    for name, subnet in zip(("web", "db"), subnets, strict=True):
        group = ec2.call("CreateSecurityGroup", GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        launched = ec2.call(
            "RunInstances",
            ImageId="ami-12c6146b",
            InstanceType="t3.micro",
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet,
            SecurityGroupIds=[group],
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}],
        )["Instances"][0]
        ids[f"sg-{name}"], ids[name] = group, launched["InstanceId"]
        ids[f"eni-{name}"] = launched["NetworkInterfaces"][0]["NetworkInterfaceId"]
        ids[f"subnet-{name}"] = subnet
    allow(ec2, ids["sg-web"], 80, IpRanges=[{"CidrIp": "0.0.0.0/0"}])
    allow(ec2, ids["sg-db"], 5432, UserIdGroupPairs=[{"GroupId": ids["sg-web"]}])
    address = ec2.call("AllocateAddress", Domain="vpc")
    ec2.call("AssociateAddress", AllocationId=address["AllocationId"], NetworkInterfaceId=ids["eni-web"])
    return ids | {"public": address["PublicIp"]}


def allow(ec2: Client, group: str, port: int, **peer: Any) -> None:
    permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer}
    ec2.call("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[permission])


def test_without_a_port_it_lists_what_is_open(shop: Shop) -> None:
    pair = shop.one("internet", "tag:Name=web")
    (row,) = pair.open
    assert (row.services, row.sources, row.destinations) == ("tcp 80", "the internet", shop.ids["public"])
    assert {row.reason for row in pair.closed} == {"security group, inbound"}
    assert pair.example is not None
    assert pair.example.destination_port == 80
    assert pair.path[-1].startswith(f"answered by {shop.ids['eni-web']}")


def test_a_port_that_is_closed_comes_with_every_reason_and_what_to_change(shop: Shop) -> None:
    asked = shop.ask("internet", f"{shop.ids['db']}:5432")
    assert not asked.reachable
    (change,) = asked.pairs[0].changes
    assert change["reason"] == "no route"
    blocked = shop.one("tag:Name=web", "tag:Name=db:22,80/tcp")
    assert [change["reason"] for change in blocked.changes] == ["security group, inbound"]
    assert blocked.changes[0]["change"].startswith("allow tcp 80 inbound from 10.0.1.")


def test_several_reasons_on_one_path_are_all_named(shop: Shop) -> None:
    egress = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    shop.ec2.call("RevokeSecurityGroupEgress", GroupId=shop.ids["sg-db"], IpPermissions=[egress])
    shop.ec2.call("StopInstances", InstanceIds=[shop.ids["web"]])
    pair = shop.one("tag:Name=db", "tag:Name=web:22")
    assert [change["reason"] for change in pair.changes] == [
        "security group, outbound",
        "no power",
        "security group, inbound",
    ]


def test_a_group_of_senders_has_an_answer_each(shop: Shop) -> None:
    asked = shop.ask(shop.ids["vpc"], "tag:Name=db:5432")
    assert [pair.source for pair in asked.pairs] == [f"{shop.ids['eni-web']} (web)"]
    assert asked.reachable
    both = shop.ask(shop.ids["vpc"], "internet:443")
    by_source = {pair.source.split("(")[1]: bool(pair.open) for pair in both.pairs}
    assert by_source == {"web)": True, "db)": False}


def test_an_answer_that_is_lost_is_half_open(shop: Shop) -> None:
    (acl,) = shop.ec2.call("DescribeNetworkAcls", Filters=[{"Name": "vpc-id", "Values": [shop.ids["vpc"]]}])[
        "NetworkAcls"
    ]
    shop.ec2.call(
        "CreateNetworkAclEntry",
        NetworkAclId=acl["NetworkAclId"],
        RuleNumber=50,
        Egress=True,
        Protocol="6",
        PortRange={"From": 1024, "To": 65535},
        CidrBlock="203.0.0.0/8",
        RuleAction="deny",
    )
    pair = shop.one("internet", "tag:Name=web:80")
    assert [(row.services, row.sources, row.reason) for row in pair.half_open] == [
        ("tcp 80", "203.0.0.0/8", "network ACL, outbound")
    ]
    assert [row.services for row in pair.open] == ["tcp 80"]


@pytest.mark.parametrize(
    ("source", "destination", "told"),
    [
        ("internet", "tag:Name=nobody", "There is no tag:Name=nobody"),
        ("internet", "i-0000", "There is no i-0000"),
        ("internet:10.0.0.1", "tag:Name=web", "no address of the internet"),
        ("internet", "lb", "names nothing"),
        ("internet", "tag:Name=web:80-70", "no range of ports"),
        ("internet", "tag:Name=web/sctp", "no protocol here"),
        ("internet", "tag:Name=web:80/icmp", "has no ports"),
        ("10.0.0.0/33", "tag:Name=web", "no CIDR"),
        ("tag:Name=web", "tag:Name=web", "the same interface"),
    ],
)
def test_a_question_that_is_none_says_why(shop: Shop, source: str, destination: str, told: str) -> None:
    with pytest.raises((LookupError, ValueError), match=told):
        shop.ask(source, destination)


def test_the_words_of_a_destination() -> None:
    assert wanted("tag:Name=db").services == wanted("tag:Name=db/all").services
    assert wanted("10.0.0.0/16:80").name == "10.0.0.0/16"
    assert wanted("tag:Name=db:80,443").services == wanted("tag:Name=db:443,80/tcp").services
    assert wanted("internet:203.0.113.10:53/udp").name == "internet:203.0.113.10"


def test_exposure_is_what_the_internet_reaches_and_what_reaches_it(shop: Shop) -> None:
    found = exposure(shop.cloud.writer.model, shop.cloud.plan)
    assert [(one.name.split("(")[1], one.inward, [row.services for row in one.open]) for one in found] == [
        ("web)", True, ["tcp 80"]),
        ("web)", False, ["everything"]),
    ]
    assert exposure(shop.cloud.writer.model, shop.cloud.plan, "eu-west-1") == []


def test_exposure_of_a_region_that_is_none_is_refused_and_not_nothing(shop: Shop) -> None:
    with pytest.raises(LookupError, match="no region 'us-esat-1'"):
        exposure(shop.cloud.writer.model, shop.cloud.plan, "us-esat-1")
