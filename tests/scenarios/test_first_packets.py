"""The first packets with boto3, as a user writes it: waiters that do not wait, and a state that comes back."""

from typing import Any

import pytest

from tests.scenarios.building import IMAGE, ONE_LOOK, PAGE, USER_DATA, described, instance, network, page
from tests.scenarios.running import Atoll

pytestmark = pytest.mark.kernel

ACCOUNT = "222200002222"


def test_an_instance_answers_at_its_public_address(atoll: Atoll) -> None:
    ec2 = atoll.ec2(ACCOUNT)
    made = instance(ec2, network(ec2), user_data=USER_DATA)
    assert page(atoll, described(ec2, made)["PublicIpAddress"], patient=True) == PAGE
    log = atoll.run("exec", made, "--", "cat", "/var/log/httpd/access_log").out
    assert log.startswith("203.0.113.10 ")
    ec2.terminate_instances(InstanceIds=[made])


def test_waiters_need_one_look(atoll: Atoll) -> None:
    """botocore's waiters sleep 15 seconds between looks; each finds what it waits for at the first."""
    ec2 = atoll.ec2("333300003333")

    def wait(waiter: str, **what: object) -> None:
        ec2.get_waiter(waiter).wait(**what, WaiterConfig=ONE_LOOK)

    where = network(ec2)
    wait("vpc_available", VpcIds=[where.vpc])
    wait("subnet_available", SubnetIds=[where.subnet])
    wait("security_group_exists", GroupIds=[where.group])
    interface = ec2.create_network_interface(SubnetId=where.subnet)["NetworkInterface"]["NetworkInterfaceId"]
    wait("network_interface_available", NetworkInterfaceIds=[interface])
    ec2.create_key_pair(KeyName="key")
    wait("key_pair_exists", KeyNames=["key"])
    ids = [instance(ec2, where)]
    for waiter in ("instance_exists", "instance_running", "instance_status_ok", "system_status_ok"):
        wait(waiter, InstanceIds=ids)
    ec2.stop_instances(InstanceIds=ids)
    wait("instance_stopped", InstanceIds=ids)
    ec2.start_instances(InstanceIds=ids)
    wait("instance_running", InstanceIds=ids)
    ec2.reboot_instances(InstanceIds=ids)
    wait("instance_running", InstanceIds=ids)
    ec2.terminate_instances(InstanceIds=ids)
    wait("instance_terminated", InstanceIds=ids)


READS: tuple[tuple[str, str], ...] = (
    ("describe_vpcs", "Vpcs"),
    ("describe_subnets", "Subnets"),
    ("describe_internet_gateways", "InternetGateways"),
    ("describe_route_tables", "RouteTables"),
    ("describe_security_groups", "SecurityGroups"),
    ("describe_security_group_rules", "SecurityGroupRules"),
    ("describe_network_acls", "NetworkAcls"),
    ("describe_network_interfaces", "NetworkInterfaces"),
    ("describe_addresses", "Addresses"),
    ("describe_instances", "Reservations"),
    ("describe_key_pairs", "KeyPairs"),
    ("describe_tags", "Tags"),
)


def everything(ec2: Any) -> dict[str, Any]:
    """What all Describe calls say, in their order."""
    return {name: getattr(ec2, name)()[member] for name, member in READS}


def test_after_down_and_up_everything_is_back(own_atoll: Atoll) -> None:
    own_atoll.up()
    ec2 = own_atoll.ec2()
    where = network(ec2)
    running = instance(ec2, where, "running", USER_DATA)
    public = described(ec2, running)["PublicIpAddress"]
    stopped = instance(ec2, where, "stopped")
    ec2.stop_instances(InstanceIds=[stopped])
    ec2.create_key_pair(KeyName="key")
    ec2.allocate_address(Domain="vpc")
    assert page(own_atoll, public, patient=True) == PAGE
    own_atoll.run("exec", running, "--", "sh", "-c", "echo kept > /root/note")
    before = everything(ec2)
    assert [name for name, found in before.items() if not found] == []

    own_atoll.down()
    own_atoll.up()

    assert everything(ec2) == before
    assert page(own_atoll, public, patient=True) == PAGE
    assert own_atoll.run("exec", running, "--", "cat", "/root/note").out == "kept\n"
    assert own_atoll.run("exec", stopped, "--", "true").status == 1


def test_after_up_again_closed_stays_closed_and_new_things_work(own_atoll: Atoll) -> None:
    own_atoll.up()
    ec2 = own_atoll.ec2()
    where = network(ec2)
    made = instance(ec2, where, user_data=USER_DATA)
    public = described(ec2, made)["PublicIpAddress"]
    assert page(own_atoll, public, patient=True) == PAGE
    rules = ec2.describe_security_groups(GroupIds=[where.group])["SecurityGroups"][0]["IpPermissions"]
    ec2.revoke_security_group_ingress(GroupId=where.group, IpPermissions=rules)

    own_atoll.down()
    own_atoll.up()

    assert page(own_atoll, public).startswith("curl: (28)")
    ec2.authorize_security_group_ingress(GroupId=where.group, IpPermissions=rules)
    assert page(own_atoll, public, patient=True) == PAGE
    later = instance(ec2, where, "later", USER_DATA)
    assert page(own_atoll, described(ec2, later)["PublicIpAddress"], patient=True) == PAGE
    assert described(ec2, later)["ImageId"] == IMAGE
