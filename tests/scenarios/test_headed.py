"""Apache behind a network load balancer that sends it the proxy protocol's header: by it alone it knows its clients."""

import hashlib
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.scenarios.building import ONE_LOOK, PAGE, instance, network, page
from tests.scenarios.places import CLIENT
from tests.scenarios.running import Atoll
from tests.scenarios.streams import connection
from tests.scenarios.test_durable import kill_server, receive

pytestmark = pytest.mark.kernel

BYTES, PART = 32 << 20, 4 << 20
SERVER = f"""#!/bin/bash
yum install -y httpd
echo "{PAGE}" > /var/www/html/index.html
head -c {BYTES} /dev/urandom > /var/www/html/large
cat > /etc/httpd/conf.d/header.conf <<CONF
LoadModule remoteip_module modules/mod_remoteip.so
RemoteIPProxyProtocol On
LogFormat "%a %{{c}}a %r" who
CustomLog logs/who who
CONF
systemctl enable --now httpd
"""
"""Apache with a header or not at all: a connection that begins with anything else is refused."""


class Headed:
    """A load balancer whose targets see its node, and are told of the client by a header."""

    def __init__(self, atoll: Atoll) -> None:
        self.atoll = atoll
        atoll.up()
        ec2, elb = atoll.ec2(), atoll.client("elbv2")
        where = network(ec2)
        self.server = instance(ec2, where, user_data=SERVER)
        made = elb.create_load_balancer(Name="front", Type="network", Subnets=[where.subnet])["LoadBalancers"][0]
        asked = {"Protocol": "TCP", "Port": 80, "VpcId": where.vpc}
        checks = {"HealthCheckProtocol": "HTTP", "HealthCheckIntervalSeconds": 5, "HealthyThresholdCount": 2}
        groups = elb.create_target_group(Name="web", **asked, **checks)["TargetGroups"]
        self.targets = groups[0]["TargetGroupArn"]
        said = [("proxy_protocol_v2.enabled", "true"), ("preserve_client_ip.enabled", "false")]
        attributes = [{"Key": key, "Value": value} for key, value in said]
        elb.modify_target_group_attributes(TargetGroupArn=self.targets, Attributes=attributes)
        action = {"Type": "forward", "TargetGroupArn": self.targets}
        balancer = made["LoadBalancerArn"]
        elb.create_listener(LoadBalancerArn=balancer, Protocol="TCP", Port=80, DefaultActions=[action])
        elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[balancer], WaiterConfig=ONE_LOOK)
        elb.register_targets(TargetGroupArn=self.targets, Targets=[{"Id": self.server}])
        named = [{"Name": "description", "Values": ["ELB " + balancer.partition(":loadbalancer/")[2]]}]
        eni = ec2.describe_network_interfaces(Filters=named)["NetworkInterfaces"][0]
        self.public: str = eni["Association"]["PublicIp"]
        self.private: str = eni["PrivateIpAddress"]

    def healthy(self) -> None:
        """Wait until real checks have found it well: Apache takes their header."""
        elb: Any = self.atoll.client("elbv2")
        for _ in range(600):
            found = elb.describe_target_health(TargetGroupArn=self.targets)["TargetHealthDescriptions"]
            if found[0]["TargetHealth"]["State"] == "healthy":
                return
            self.atoll.run("status")  # a command is long enough between two looks
        raise AssertionError(found)

    def who(self) -> set[str]:
        """Whom Apache has had: by the header, and as its kernel had them."""
        said = self.atoll.run("exec", self.server, "--", "cat", "/var/log/httpd/who").out
        return {" ".join(line.split()[:2]) for line in said.splitlines()}


def large(stream: socket.socket) -> int:
    """Ask for the large file: how long it is."""
    stream.settimeout(20)
    stream.sendall(b"GET /large HTTP/1.0\r\n\r\n")
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += receive(stream, 1)
    (length,) = (line.split()[1] for line in head.splitlines() if line.lower().startswith(b"content-length:"))
    return int(length)


@pytest.mark.parametrize("whose", ["own_atoll", "theirs"], ids=["root", "user"])
def test_apache_knows_its_clients_and_connections_outlive_the_server(
    whose: str, request: pytest.FixtureRequest
) -> None:
    front = Headed(request.getfixturevalue(whose))
    front.healthy()
    assert page(front.atoll, front.public) == PAGE
    checked, client = f"{front.private} {front.private}", f"{CLIENT} {front.private}"
    assert front.who() == {checked, client}
    said = front.atoll.run("trace", "internet", f"{front.public}:80")
    assert (said.status, f"as {front.private} > " in said.out) == (0, True), said.out
    digest = hashlib.sha256()
    with ThreadPoolExecutor(1) as pool, connection(front.atoll.folder, front.public, 80) as stream:
        assert large(stream) == BYTES
        digest.update(receive(stream, PART))
        kill_server(front.atoll)
        waiting = pool.submit(connection, front.atoll.folder, front.public, 80)
        digest.update(receive(stream, PART))
        front.atoll.up()
        with waiting.result() as late:
            assert large(late) == BYTES
            digest.update(receive(stream, BYTES - 2 * PART))
            again = hashlib.sha256(receive(late, BYTES))
    assert digest.hexdigest() == again.hexdigest()
    assert front.who() == {checked, client}
