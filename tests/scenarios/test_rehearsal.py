"""Intents for when a zone is down: their packets are sent in a scratch world, and the running one stays as it is."""

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from atoll.local import control
from atoll.local.folder import StateFolder
from tests.scenarios.places import new_account
from tests.scenarios.running import Atoll
from tests.scenarios.test_analyses import holding
from tests.support.signs import Sign

pytestmark = pytest.mark.kernel

ZONES = ("us-east-1a", "us-east-1b")
LOOKS = 300
"""A look is a command, which takes a tenth of a second at least: real checks decide, five seconds apart."""


class Twins(NamedTuple):
    """A load balancer over two zones, an API server in each, api-a and api-b; both are healthy."""

    atoll: Atoll
    account: str
    ids: dict[str, str]

    def healths(self, saved: Path) -> dict[str, Any]:
        """What a saved state says of the targets' health, and of the nodes: whether they are heard of."""
        entities = json.loads(saved.read_text())["entities"]
        mine = [one for one in entities["target"] if one["target"] in self.ids.values()]
        home = f"{self.account}/us-east-1"
        nodes = [one for one in entities["load-balancer-zone"] if one["home"] == home]
        return {
            **{one["target"]: one.get("health") for one in mine},
            **{one["zone"]: one.get("alive", True) for one in nodes},
        }

    def verify(self, folder: Path, when: str, *options: str) -> tuple[int, list[dict[str, Any]]]:
        file = folder / "intents.yaml"
        file.write_text(
            f"version: 1\nscope: {{account: '{self.account}', region: us-east-1}}\nnames:\n"
            "  api: {load-balancer: api}\n  api-a: {tag: {Name: api-a}}\n  api-b: {tag: {Name: api-b}}\n"
            f"expect:\n  - allow: internet -> api:80\nwhen:\n{when}"
        )
        said = self.atoll.run("verify", str(file), "--json", *options)
        assert said.out, said.err
        return said.status, json.loads(said.out)


@pytest.fixture(scope="module")
def twins(atoll: Atoll) -> Iterator[Twins]:
    account = new_account()
    ec2, elb = atoll.ec2(account), atoll.client("elbv2", account)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    (main,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    ec2.create_route(RouteTableId=main["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    group = ec2.create_security_group(GroupName="api", Description="api", VpcId=vpc)["GroupId"]
    world = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[world])
    ids, subnets = {}, []
    for number, zone in enumerate(ZONES):
        made = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)
        subnets.append(made["Subnet"]["SubnetId"])
        name = f"api-{zone[-1]}"
        launched = ec2.run_instances(
            ImageId="ami-12c6146b",
            InstanceType="t3.micro",
            MinCount=1,
            MaxCount=1,
            SubnetId=subnets[-1],
            SecurityGroupIds=[group],
            UserData="#!/bin/sh\nmkdir /empty; cd /empty; nohup python3 -m http.server 8080 > /dev/null 2>&1 &\n",
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}],
        )
        ids[name] = launched["Instances"][0]["InstanceId"]
    made = elb.create_load_balancer(Name="api", Type="network", Subnets=subnets)["LoadBalancers"][0]
    targets = elb.create_target_group(
        Name="api", Protocol="TCP", Port=8080, VpcId=vpc, HealthCheckIntervalSeconds=5, HealthyThresholdCount=2
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": one} for one in ids.values()])
    actions = [{"Type": "forward", "TargetGroupArn": targets}]
    elb.create_listener(LoadBalancerArn=made["LoadBalancerArn"], Protocol="TCP", Port=80, DefaultActions=actions)
    elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[made["LoadBalancerArn"]])
    elb.get_waiter("target_in_service").wait(TargetGroupArn=targets, WaiterConfig={"Delay": 1, "MaxAttempts": 90})
    yield Twins(atoll, account, ids)
    elb.delete_load_balancer(LoadBalancerArn=made["LoadBalancerArn"])
    ec2.terminate_instances(InstanceIds=list(ids.values()))


def test_a_zone_that_would_be_down_is_tried_with_packets(twins: Twins, tmp_path: Path) -> None:
    before = twins.atoll.run("status", "--json").out
    when = """
  - az-down: us-east-1a
    expect:
      - allow: internet -> api:80
      - deny: internet -> api-b:22
      - deny: internet -> api-a
      - deny: api-b -> api-a
  - stopped: {tag: {Name: api-b}}
    expect:
      - allow: internet -> api:80
      - deny: api-a -> api-b
      - deny: api-b -> internet
"""
    status, results = twins.verify(tmp_path, when)
    told = [(one["text"], one["why"], one["strayed"]) for one in results if not one["holds"]]
    assert (status, told) == (0, [])
    now, *cases = results
    assert (now["case"], len(now["tried"])) == ("", 2)  # both of its nodes
    assert [one["case"] for one in cases] == ["us-east-1a is down"] * 4 + [f"{twins.ids['api-b']} is stopped"] * 3
    assert [len(one["tried"]) for one in cases] == [
        1,
        1,
        1,
        1,
        1,
        1,
        0,
    ]  # the name leads to one node; who is stopped sends nothing
    assert "answer" in cases[0]["tried"][0]
    assert all("did not arrive" in cases[place]["tried"][0] for place in (1, 2, 3, 5))
    after = json.loads(twins.atoll.run("status", "--json").out)
    assert after["counts"] == json.loads(before)["counts"]
    assert "DOWN" not in twins.atoll.run("az").out


def test_what_would_not_hold_fails_with_its_packet(twins: Twins, tmp_path: Path) -> None:
    status, results = twins.verify(tmp_path, "  - az-down: [us-east-1a, us-east-1b]\n")
    assert status == 1
    (broken,) = (one for one in results if not one["holds"])
    assert broken["text"] == "when us-east-1a is down and us-east-1b is down: allow: internet -> api:80"
    assert broken["strayed"] == []
    assert any("is down" in line for line in broken["blame"])


def test_who_wants_no_packets_gets_the_proof_alone(twins: Twins, tmp_path: Path) -> None:
    status, results = twins.verify(tmp_path, "  - az-down: us-east-1b\n", "--proof-only")
    assert (status, [one["tried"] for one in results]) == (0, [[], []])
    said = twins.atoll.run("verify", str(tmp_path / "intents.yaml"), "--proof-only").out.splitlines()
    assert said[1].startswith("holds  when us-east-1b is down: allow: internet -> api:80")
    assert said[1].endswith("; proof only)")


def test_what_would_be_is_what_comes_of_it(twins: Twins, tmp_path: Path) -> None:
    """The same zone fails in truth: real checks find what was settled, and no flow is another."""
    supposed, came = tmp_path / "supposed.json", tmp_path / "came.json"
    file = {"version": 1, "expect": [{"allow": "internet -> lb:api:80"}], "when": [{"az-down": "us-east-1a"}]}
    with supposed.open("wb") as made:
        request = {"do": "suppose", "file": file, "case": 0}
        control.ask(StateFolder(twins.atoll.folder).control, request, [made.fileno()])
    health = twins.healths(supposed)
    assert health == {twins.ids["api-a"]: "unhealthy", twins.ids["api-b"]: "healthy", ZONES[0]: False, ZONES[1]: True}
    assert twins.atoll.run("diff", str(supposed)).status == 1  # as it is there is more
    assert twins.atoll.run("az", "down", ZONES[0]).status == 0
    try:
        for _ in range(LOOKS):
            assert twins.atoll.run("save", str(came)).status == 0
            if twins.healths(came) == health:
                break
        assert twins.healths(came) == health
        said = twins.atoll.run("diff", str(supposed), str(came))
        assert said.out == "No flow opens, and none closes.\n"
    finally:
        assert twins.atoll.run("az", "up", ZONES[0]).status == 0


def test_a_scratch_world_ends_with_the_command_that_has_started_it(twins: Twins, tmp_path: Path) -> None:
    programs, hold = tmp_path / "bin", tmp_path / "hold"
    hold.mkdir()
    holding(programs)
    begun, go_on = Sign(hold / "begun"), Sign(hold / "go-on")
    file = tmp_path / "intents.yaml"
    file.write_text("version: 1\nexpect:\n  - allow-some: internet -> lb:api:80\nwhen:\n  - az-down: us-east-1a\n")
    environment = {
        **twins.atoll.environment,
        "PATH": f"{programs}:{twins.atoll.environment['PATH']}",
        "HOLD": str(hold),
        "TMPDIR": str(tmp_path),
    }
    with contextlib.closing(begun), contextlib.closing(go_on):
        with subprocess.Popen(["atoll", "verify", str(file)], env=environment, stdout=subprocess.DEVNULL) as verifying:
            begun.wait()  # the second server is at its analysis; the first has programs of its own
            verifying.kill()
        (scratch,) = tmp_path.glob("atoll-*/state")
        ended = subprocess.run(["flock", "-w", "60", str(scratch / "lock"), "true"], check=False)
    assert ended.returncode == 0
    assert Atoll(scratch).run("status").status == 3
