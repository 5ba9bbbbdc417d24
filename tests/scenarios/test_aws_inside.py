"""AWS at its real names from guests, with real clients: through their own ways out, as root and as an ordinary user."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios import host
from tests.scenarios.building import ONE_LOOK
from tests.scenarios.newcomers import AS_ROOT
from tests.scenarios.places import Place
from tests.scenarios.running import Atoll
from tests.scenarios.untrusted import folder_of

pytestmark = pytest.mark.kernel

ACCOUNT, OTHER_ACCOUNT = "111111111111", "222222222222"
AWS = "203.0.113.43"
TIMED_OUT, NOT_TRUSTED = "28", "60"
"""curl's exit statuses."""

BOTO3 = """
import boto3, json, sys
from botocore.exceptions import ClientError
def told(service, operation, region="us-east-1", keys={}, **asked):
    client = boto3.client(service, region, **keys)
    try:
        answer = getattr(client, operation)(**asked)
    except ClientError as error:
        return error.response["Error"]["Code"]
    del answer["ResponseMetadata"]
    return answer
print(json.dumps(eval(sys.argv[1]), default=str))
"""


class Ground:
    """A VPC with a public subnet, a private one behind a NAT gateway and one without a way out; a role."""

    def __init__(self, atoll: Atoll) -> None:
        self.atoll = atoll
        self.place = place = Place(atoll, ACCOUNT)
        ec2, iam = place.ec2, atoll.client("iam", ACCOUNT)
        iam.create_role(RoleName="web", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
        iam.create_instance_profile(InstanceProfileName="web")
        iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
        self.public = self.launch(place.subnet, AssociatePublicIpAddress=True)
        nat = ec2.create_nat_gateway(SubnetId=place.subnet, AllocationId=self.allocate())["NatGateway"]["NatGatewayId"]
        ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[nat], WaiterConfig=ONE_LOOK)
        self.private = self.launch(self.subnet("10.0.2.0/24", NatGatewayId=nat))
        self.enclosed = self.launch(self.subnet("10.0.3.0/24"))

    def allocate(self) -> str:
        return str(self.place.ec2.allocate_address(Domain="vpc")["AllocationId"])

    def subnet(self, block: str, **way: str) -> str:
        """A subnet whose table leads out that way."""
        ec2 = self.place.ec2
        made = self.place.new_subnet(block)
        table = ec2.create_route_table(VpcId=self.place.vpc)["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=table, SubnetId=made)
        if way:
            ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **way)
        return made

    def launch(self, subnet: str, *, profile: bool = True, **network: Any) -> str:
        usual: dict[str, Any] = {"ImageId": "ami-12c6146b", "InstanceType": "t3.small", "MinCount": 1, "MaxCount": 1}
        if profile:
            usual["IamInstanceProfile"] = {"Name": "web"}
        interface = {"DeviceIndex": 0, "SubnetId": subnet, **network}
        made = self.place.ec2.run_instances(NetworkInterfaces=[interface], **usual)
        instance = str(made["Instances"][0]["InstanceId"])
        self.place.ec2.get_waiter("instance_running").wait(InstanceIds=[instance])
        return instance

    def sh(self, instance: str, script: str) -> str:
        said = self.atoll.run("exec", instance, "--", "bash", "-c", script)
        return (said.out + said.err).strip()

    def boto3(self, instance: str, expression: str) -> Any:
        """What an expression of calls says in the guest's own Python."""
        said = self.atoll.run("exec", instance, "--", "/usr/bin/python3", "-c", BOTO3, expression)
        assert said.status == 0, said.err
        return json.loads(said.out)

    def curl(self, instance: str, *words: str) -> str:
        """Its exit status."""
        command = " ".join(("curl -sS -o /dev/null -m 2", *words, "2>/dev/null; echo $?"))
        return self.sh(instance, command)


@pytest.fixture(scope="module", params=["root", "user"] if AS_ROOT else ["user"])
def ground(request: pytest.FixtureRequest, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    atoll = folder_of(request.param, home, tmp_path_factory.mktemp("aws"))
    atoll.up()
    try:
        yield Ground(atoll)
    finally:
        atoll.delete()


def test_boto3_reaches_every_service_at_its_own_name_as_the_instances_role(ground: Ground) -> None:
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/web/{ground.public}"
    me, far, vpcs, images, roles = ground.boto3(
        ground.public,
        "[told('sts', 'get_caller_identity'), told('sts', 'get_caller_identity', 'eu-west-1'),"
        "told('ec2', 'describe_vpcs'),"
        "told('ssm', 'get_parameters_by_path', 'ap-south-1', Path='/aws/service/ami-amazon-linux-latest'),"
        "told('iam', 'list_roles')]",
    )
    assert me["Arn"] == far["Arn"] == arn
    assert ground.place.vpc in [one["VpcId"] for one in vpcs["Vpcs"]]
    assert images["Parameters"]
    assert [one["RoleName"] for one in roles["Roles"]] == ["web"]


def test_the_command_line_reaches_it_through_a_nat_gateway(ground: Ground) -> None:
    said = ground.sh(ground.private, "aws --region us-east-1 ec2 describe-vpcs --query 'Vpcs[].VpcId' --output text")
    assert ground.place.vpc in said.split()


def test_without_a_way_out_names_resolve_and_nothing_connects(ground: Ground) -> None:
    for name in ("ec2.us-east-1.amazonaws.com", "sts.amazonaws.com"):
        assert ground.sh(ground.enclosed, f"getent hosts {name}").split()[0] == AWS
        assert ground.curl(ground.enclosed, f"https://{name}/") == TIMED_OUT
        assert ground.curl(ground.private, f"https://{name}/") == "0"


def test_what_a_guest_changes_is_changed(ground: Ground) -> None:
    """It calls as anybody may who has the role's keys."""
    made = ground.boto3(ground.private, "told('ec2', 'create_vpc', CidrBlock='10.9.0.0/16')")["Vpc"]["VpcId"]
    vpcs = ground.place.ec2.describe_vpcs(VpcIds=[made])["Vpcs"]
    assert vpcs[0]["OwnerId"] == ACCOUNT
    ground.place.ec2.delete_vpc(VpcId=made)


def test_only_keys_that_were_given_out_open_it_and_with_their_token_only(ground: Ground) -> None:
    keys = {"aws_access_key_id": OTHER_ACCOUNT, "aws_secret_access_key": "x"}
    told = f"[told('ec2', 'describe_vpcs', keys={keys}), told('sts', 'get_caller_identity', keys={keys}), "
    told += f"told('ssm', 'describe_parameters', keys={keys})]"
    refused = ["AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException"]
    assert ground.boto3(ground.public, told) == refused
    sts = ground.atoll.client("sts", OTHER_ACCOUNT)
    role = f"arn:aws:iam::{OTHER_ACCOUNT}:role/any"
    session = sts.assume_role(RoleArn=role, RoleSessionName="mine")["Credentials"]
    keys = {"aws_access_key_id": session["AccessKeyId"], "aws_secret_access_key": "x"}
    stolen = {**keys, "aws_session_token": "x"}
    whole = {**keys, "aws_session_token": session["SessionToken"]}
    ask = "told('sts', 'get_caller_identity', keys={})"
    seen = ground.boto3(ground.public, f"[{', '.join(ask.format(one) for one in (keys, stolen, whole))}]")
    assert seen[:2] == ["InvalidClientTokenId"] * 2
    assert seen[2]["Account"] == OTHER_ACCOUNT


def test_without_a_profile_there_are_no_keys(ground: Ground) -> None:
    bare = ground.launch(ground.place.subnet, profile=False, AssociatePublicIpAddress=True)
    said = ground.sh(bare, "aws --region us-east-1 ec2 describe-vpcs")
    assert "Unable to locate credentials" in said


def test_nothing_but_aws_is_there(ground: Ground) -> None:
    url = "https://ec2.us-east-1.amazonaws.com"
    for method, path in (("POST", "/moto-api/reset"), ("GET", "/_atoll/health")):
        assert "MissingAuthenticationToken" in ground.sh(ground.public, f"curl -sS -X {method} {url}{path}")
    assert ground.place.ec2.describe_vpcs(VpcIds=[ground.place.vpc])["Vpcs"], "nothing was emptied"
    for port in (80, 4566, ground.atoll.port):
        assert ground.curl(ground.public, f"http://{AWS}:{port}/") == "7", "nobody listens"


def test_programs_of_every_kind_trust_it_for_its_own_names_alone(ground: Ground) -> None:
    name = "ec2.us-east-1.amazonaws.com"
    plain = f"import urllib.request as u; u.urlopen('https://{name}/')"
    assert "HTTP Error 403" in ground.sh(ground.public, f'python3 -c "{plain}"')
    assert ground.curl(ground.public, f"https://{name}/") == "0"
    assert ground.curl(ground.public, f"--resolve example.com:443:{AWS}", "https://example.com/") == NOT_TRUSTED
    seen = ground.sh(ground.public, "su - ec2-user -c 'echo $AWS_CA_BUNDLE'")
    assert seen == "/etc/ssl/atoll.pem"
    times = "stat -c %Y /etc/ssl/certs/ca-certificates.crt"
    before = ground.sh(ground.public, f"{times}; grep -c BEGIN /etc/ssl/atoll.pem")
    ground.place.ec2.reboot_instances(InstanceIds=[ground.public])
    waits = "until [ -s /run/atoll/authority.pem ] && getent hosts sts.amazonaws.com >/dev/null; do :; done"
    ground.sh(ground.public, waits)
    assert ground.sh(ground.public, f"{times}; grep -c BEGIN /etc/ssl/atoll.pem") == before, "it is added once"


MANY = f"""
import socket
opened = [socket.create_connection(("{AWS}", 443), 5) for _ in range(70)]
cut = 0
for one in opened[64:]:
    one.settimeout(5)
    try:
        cut += one.recv(1) == b""
    except ConnectionResetError:
        cut += 1
print(cut)
"""
RUBBISH = f"""
import socket
for said in (b"GET / HTTP/1.1\\r\\n\\r\\n", b"\\x16\\x03\\x01\\xff\\xff" + b"x" * 70000, b"\\0" * 10):
    with socket.create_connection(("{AWS}", 443), 5) as one:
        try:
            one.sendall(said)
            one.shutdown(socket.SHUT_WR)
            while one.recv(1000):
                pass
        except ConnectionError:
            pass
print("done")
"""


def test_who_opens_many_connections_or_talks_rubbish_harms_no_other(ground: Ground) -> None:
    assert ground.sh(ground.public, f"python3 -Ic '{MANY}'") == "6"
    assert ground.sh(ground.public, f"python3 -Ic '{RUBBISH}'") == "done"
    assert ground.curl(ground.private, "https://sts.amazonaws.com/") == "0"
    assert (
        ground.curl(ground.public, "--retry 20 --retry-all-errors --retry-delay 0", "https://sts.amazonaws.com/") == "0"
    )


def test_a_killed_server_is_followed_by_one_that_guests_trust(ground: Ground) -> None:
    outer = host.outer(ground.atoll.folder)
    os.kill(host.server(ground.atoll.folder), signal.SIGKILL)
    host.until_ended({outer: "outer process"})
    ground.atoll.up()
    wait = "--retry 20 --retry-all-errors --retry-delay 0"
    assert ground.curl(ground.private, wait, "https://sts.amazonaws.com/") == "0"
