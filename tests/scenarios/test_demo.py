"""`atoll demo`: the articles, claim by claim."""

import json
import re

import pytest

from tests.scenarios.running import REPO, Atoll, Said

pytestmark = pytest.mark.kernel


def test_every_claim_of_the_article_about_interfaces_holds(own_atoll: Atoll) -> None:
    own_atoll.up()
    all_hold(own_atoll.run("demo", "eni"), least=30)
    verified = own_atoll.run("verify", str(REPO / "examples/eni/intents.yaml"))
    assert verified.status == 0, verified.out
    assert own_atoll.run("status").status == 0


def test_every_claim_of_the_article_about_secure_design_holds(bank: tuple[Atoll, Said]) -> None:
    all_hold(bank[1], least=35)


def test_every_claim_of_the_article_about_private_servers_holds(own_atoll: Atoll) -> None:
    """Also over what a run that was broken off has left: a load balancer of its own, and a zone that is down."""
    own_atoll.up()
    assert own_atoll.run("az", "down", "eu-west-1b").status == 0
    left = leave_a_balancer(own_atoll)
    said = own_atoll.run("demo", "nlb")
    all_hold(said, least=20)
    line = said.out.partition("Time line\n")[2]
    assert re.search(r"api-a is killed\n.*unhealthy.*1a fails\n.*unhealthy.*1a is back\n.*healthy", line, re.DOTALL)
    elb = own_atoll.client("elbv2", region="eu-west-1")
    (made,) = elb.describe_load_balancers()["LoadBalancers"]
    assert made["LoadBalancerArn"] != left
    verified = own_atoll.run("verify", str(REPO / "examples/nlb/intents.yaml"))
    assert verified.status == 0, verified.out
    zones = json.loads(own_atoll.run("az", "--json").out)
    assert [one["up"] for one in zones if one["zone"] in ("eu-west-1a", "eu-west-1b")] == [True, True]


def leave_a_balancer(atoll: Atoll) -> str:
    """As an earlier run has made it, in a VPC of its own; its ARN."""
    ec2, elb = atoll.ec2(region="eu-west-1"), atoll.client("elbv2", region="eu-west-1")
    mine = [{"Key": "atoll:demo", "Value": "nlb"}]

    def marked(resource: str) -> list[dict[str, object]]:
        return [{"ResourceType": resource, "Tags": mine}]

    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16", TagSpecifications=marked("vpc"))["Vpc"]["VpcId"]
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.0.0/24", TagSpecifications=marked("subnet"))
    subnet = made["Subnet"]["SubnetId"]
    made = ec2.create_internet_gateway(TagSpecifications=marked("internet-gateway"))
    ec2.attach_internet_gateway(InternetGatewayId=made["InternetGateway"]["InternetGatewayId"], VpcId=vpc)
    balancer = elb.create_load_balancer(Name="api", Type="network", Subnets=[subnet], Tags=mine)["LoadBalancers"][0]
    elb.create_target_group(Name="api", Protocol="TCP", Port=80, VpcId=vpc, Tags=mine)
    return str(balancer["LoadBalancerArn"])


def all_hold(said: Said, *, least: int) -> None:
    assert said.status == 0, said.out + said.err
    counted = re.search(r"^(\d+) of (\d+) claims hold\.$", said.out, re.MULTILINE)
    assert counted
    assert counted[1] == counted[2]
    assert int(counted[1]) >= least
    assert said.err.count("  holds  ") == int(counted[1])
    assert "FAILS" not in said.err


def test_a_demo_says_what_of_the_users_is_in_its_way(own_atoll: Atoll) -> None:
    """The bank's region has a default VPC in which somebody works: it is left alone."""
    own_atoll.up()
    theirs = own_atoll.ec2(region="eu-central-1")
    subnet = theirs.describe_subnets()["Subnets"][0]["SubnetId"]
    interface = theirs.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    said = own_atoll.run("demo", "bank")
    assert said.status == 1
    assert "is something of yours in eu-central-1 in its way?" in said.err
    assert "DependencyViolation" in said.err
    assert "Traceback" not in said.err
    assert theirs.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"]
