"""A zone that fails: what its packets do, who notices, and what comes back (`atoll az`)."""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import TypeVar

import pytest

from tests.scenarios.places import CLIENT, PORT, Conversation, Place, line, running, tcp
from tests.scenarios.running import Atoll
from tests.scenarios.test_durable import kill_server
from tests.scenarios.twins import QUICK, Twins

pytestmark = pytest.mark.kernel

ACCOUNTS = count(530_000_000_000)
DOWN = "us-east-1a"
METADATA = ("curl", "-s", "-m", "1", "-o", "/dev/null", "http://169.254.169.254/")
DOOR = """
import socket
door = socket.create_server(("0.0.0.0", 81))
print("open", flush=True)
while True:
    door.accept()[0].close()
"""
"""A server beside the first one, which ends with the command that runs it."""

SAYS = 20
"""So many lines of a second each a connection may take to go on: TCP asks again in growing intervals."""

T = TypeVar("T")


def at_once(act: Callable[[T], str], things: Mapping[str, T]) -> dict[str, str]:
    """What becomes of each, by name: what is silent is so for a second."""
    with ThreadPoolExecutor(len(things)) as pool:
        return dict(zip(things, pool.map(act, things.values()), strict=True))


@contextmanager
def down(atoll: Atoll, zone: str = DOWN) -> Iterator[None]:
    """While the zone is."""
    said = atoll.run("az", "down", zone)
    assert said.out == f"{zone} is down.\n", said
    try:
        yield
    finally:
        said = atoll.run("az", "up", zone)
        assert said.out == f"{zone} is up.\n", said


def goes_on(conversation: Conversation) -> str:
    """What it says when it speaks again, of its own accord."""
    return next((said for _ in range(SAYS) if (said := conversation.say()) != "silent"), "silent")


def speak(said: Mapping[str, str]) -> bool:
    """Whether all of them got "client server" as answers, and no error."""
    return all(len(one.split()) >= 2 and "error" not in one for one in said.values())


class Halves(Place):
    """Two zones; a server that sits alone in the second one has its way out in the first."""

    def __init__(self, atoll: Atoll, account: str) -> None:
        super().__init__(atoll, account)
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.9.0/24", AvailabilityZone="us-east-1b")
        beside = made["Subnet"]["SubnetId"]
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.10.0/24", AvailabilityZone="us-east-1b")
        behind = made["Subnet"]["SubnetId"]
        elastic = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        nat = self.ec2.create_nat_gateway(SubnetId=self.subnet, AllocationId=elastic)["NatGateway"]["NatGatewayId"]
        table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.associate_route_table(RouteTableId=table, SubnetId=behind)
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
        self.nat = nat
        group = self.group("all", tcp(PORT, "0.0.0.0/0"))
        self.here, self.near = self.launch(group), self.launch(group)
        self.beside = self.launch(group, subnet=beside)
        self.behind = self.launch(group, subnet=behind, public=False)

    def ways(self) -> dict[str, tuple[str, str | None]]:
        """From whom to which address, by name: all but the last two cross the first zone or stay in it."""
        return {
            "in from the internet": (CLIENT, self.public_ip(self.here)),
            "in from the other zone": (self.beside, self.private_ip(self.here)),
            "out to the other zone": (self.here, self.private_ip(self.beside)),
            "out to the internet": (self.here, self.public_ip(self.beside)),
            "within a subnet": (self.here, self.private_ip(self.near)),
            "through its NAT gateway": (self.behind, self.public_ip(self.beside)),
            "the other zone, from the internet": (CLIENT, self.public_ip(self.beside)),
            "the other zone, within": (self.beside, self.private_ip(self.behind)),
        }

    def dark(self) -> set[str]:
        """The ways that are cut."""
        return {name for name in self.ways() if not name.startswith("the other zone,")}

    def opening_of_all(self) -> dict[str, str]:
        """What becomes of a new connection by each way."""
        return at_once(lambda way: self.opening(*way), self.ways())

    def metadata(self, instance: str) -> bool:
        """Whether the instance reaches its metadata."""
        return self.atoll.run("exec", instance, "--", *METADATA).status == 0


@pytest.fixture
def halves(atoll: Atoll) -> Iterator[Halves]:
    made = Halves(atoll, f"{next(ACCOUNTS):012}")
    yield made
    made.ec2.terminate_instances(InstanceIds=[made.here, made.near, made.beside, made.behind])
    made.ec2.delete_nat_gateway(NatGatewayId=made.nat)


def test_nothing_goes_in_or_out_while_it_is_down_and_all_goes_on_after(halves: Halves) -> None:
    assert set(halves.opening_of_all().values()) == {"connected"}
    with ExitStack() as held:
        open_ones = {name: held.enter_context(halves.talk(*way)) for name, way in halves.ways().items()}
        assert speak(at_once(Conversation.say, open_ones))
        with down(halves.atoll):
            said, new = at_once(Conversation.say, open_ones), halves.opening_of_all()
            for name in halves.ways():
                dark = name in halves.dark()
                assert (said[name] == "silent", new[name]) == (dark, "silent" if dark else "connected"), name
            assert not halves.metadata(halves.here)
            assert halves.metadata(halves.beside)
            assert halves.described(halves.here)["State"]["Name"] == "running"
            gateways = halves.ec2.describe_nat_gateways(NatGatewayIds=[halves.nat])["NatGateways"]
            assert gateways[0]["State"] == "available"
        assert speak(at_once(goes_on, open_ones))
    assert set(halves.opening_of_all().values()) == {"connected"}
    assert halves.metadata(halves.here)


def test_the_walk_says_the_same(halves: Halves) -> None:
    """`atoll trace` compares packet and plan; `atoll reach` proves it."""
    target = f"{halves.public_ip(halves.here)}:{PORT}"
    with down(halves.atoll):
        said = halves.atoll.run("trace", "internet", target)
        assert said.status == 1
        assert f"site {DOWN} is down" in said.out
        assert halves.atoll.run("reach", "internet", f"{halves.here}:{PORT}").status == 1
    assert halves.atoll.run("trace", "internet", target).status == 0


def test_a_zone_that_failed_under_a_server_that_was_killed_is_down_for_the_next(own_atoll: Atoll) -> None:
    own_atoll.up()
    place = Place(own_atoll, "123456789012")
    server = place.launch(place.group("web", tcp(PORT, "0.0.0.0/0")))
    address = place.public_ip(server)
    assert own_atoll.run("az", "down", "use1-az6").out == "us-east-1a is down.\n"
    kill_server(own_atoll)
    own_atoll.up()
    assert place.opening(CLIENT, address) == "silent"
    own_atoll.down()
    own_atoll.up()  # the guest boots again, and its user data, which has run, does not start its server again
    place.ec2.get_waiter("instance_running").wait(InstanceIds=[server])
    assert place.opening(CLIENT, place.public_ip(server)) == "silent"
    zone = json.loads(own_atoll.run("az", "--json").out)[0]
    assert (zone["zone"], zone["id"], zone["up"], zone["instances"]) == (DOWN, "use1-az6", False, 1)
    assert own_atoll.run("az", "up", DOWN).out == "us-east-1a is up.\n"
    assert place.opening(CLIENT, place.public_ip(server)) == "refused", "it is there"


@pytest.fixture
def twins(atoll: Atoll, request: pytest.FixtureRequest) -> Iterator[Twins]:
    made = Twins(atoll, f"{next(ACCOUNTS):012}", cross_zone=getattr(request, "param", False))
    yield made
    made.close()


def test_a_failed_zone_leaves_the_load_balancers_name_until_it_is_back(twins: Twins) -> None:
    twins.becomes(a="healthy", b="healthy")
    assert twins.told() == "ab"
    with down(twins.atoll):
        assert twins.told() == "ab", "nobody has looked yet"
        twins.name_becomes("b")
        assert twins.health() == {"a": "unhealthy", "b": "healthy"}
        assert twins.answered(6) == "b"
        shown = twins.elb.describe_load_balancers(LoadBalancerArns=[twins.balancer])["LoadBalancers"][0]
        assert shown["State"]["Code"] == "active"
        assert len(shown["AvailabilityZones"]) == 2
    twins.name_becomes("ab")
    assert twins.health() == {"a": "healthy", "b": "healthy"}


def test_a_zonal_shift_moves_what_is_new_and_lets_what_is_open_go_on(twins: Twins) -> None:
    """`aws arc-zonal-shift`: no zone fails, and no check is asked."""
    twins.becomes(a="healthy", b="healthy")
    enabled = [{"Key": "zonal_shift.config.enabled", "Value": "true"}]
    twins.elb.modify_load_balancer_attributes(LoadBalancerArn=twins.balancer, Attributes=enabled)
    arc = twins.atoll.client("arc-zonal-shift", twins.account)
    with twins.talk(CLIENT, f"{DOWN}.{twins.name}") as conversation:
        assert conversation.say().split()[0] == CLIENT
        asked = {"resourceIdentifier": twins.balancer, "awayFrom": "use1-az6", "expiresIn": "1h", "comment": "a drill"}
        shift = arc.start_zonal_shift(**asked)["zonalShiftId"]
        assert twins.told() == "b"
        assert twins.answered(4) == "b"
        assert arc.get_managed_resource(resourceIdentifier=twins.balancer)["appliedWeights"]["use1-az6"] == 0.0
        assert twins.health() == {"a": "healthy", "b": "healthy"}
        assert conversation.say().split()[0] == CLIENT
        arc.cancel_zonal_shift(zonalShiftId=shift)
        assert twins.told() == "ab"


MANY = 24
"""So many connections miss one of two servers once in eight million."""


@pytest.mark.parametrize("twins", [True], indirect=True, ids=["cross-zone"])
def test_a_node_whose_wire_is_pulled_behind_atolls_back_leaves_the_name(twins: Twins) -> None:
    """No zone is down and no call was made. The other node reaches both servers, so checks of them do not tell: they
    are healthy, and it sends to both."""
    twins.becomes(a="healthy", b="healthy")
    twins.pull(f"elb-{twins.balancer.rpartition('/')[2]}-{DOWN}")
    twins.name_becomes("b")
    assert all(zone["up"] for zone in json.loads(twins.atoll.run("az", "--json").out))
    assert twins.health() == {"a": "healthy", "b": "healthy"}
    assert twins.answered(MANY) == "ab"


def test_a_server_whose_wire_is_pulled_takes_its_zone_out_of_the_name(twins: Twins) -> None:
    twins.becomes(a="healthy", b="healthy")
    twins.pull(twins.servers["a"])
    twins.name_becomes("b")
    assert twins.health() == {"a": "unhealthy", "b": "healthy"}
    assert twins.answered(4) == "b"


def test_one_target_group_without_a_healthy_server_takes_the_zone_from_every_listener(twins: Twins) -> None:
    """Two listeners, and the only server of the second one's group in zone a dies (cross-zone off)."""
    twins.ec2.authorize_security_group_ingress(GroupId=twins.open, IpPermissions=[tcp(81, "10.0.0.0/16")])
    second = twins.elb.create_target_group(Name="second", Protocol="TCP", Port=81, VpcId=twins.vpc, **QUICK)
    targets = second["TargetGroups"][0]["TargetGroupArn"]
    twins.listen(81, targets)
    with running(twins, twins.servers["b"], DOOR) as stays:
        assert line(stays) == "open"
        with running(twins, twins.servers["a"], DOOR) as dies:
            assert line(dies) == "open"
            twins.elb.register_targets(TargetGroupArn=targets, Targets=[{"Id": one} for one in twins.servers.values()])
            twins.becomes(a="healthy", b="healthy")
            twins.becomes(targets, a="healthy", b="healthy")
            assert twins.told() == "ab"
        twins.name_becomes("b")
        assert twins.health(targets) == {"a": "unhealthy", "b": "healthy"}
        assert twins.health() == {"a": "healthy", "b": "healthy"}, "the first group's are"
        assert twins.answered(4) == "b"


def test_all_zones_are_told_and_serve_when_no_server_is_healthy(twins: Twins) -> None:
    """The checks are shut out, and clients are not."""
    twins.becomes(a="healthy", b="healthy")
    everyone, client = tcp(PORT, "0.0.0.0/0"), tcp(PORT, f"{CLIENT}/32")
    twins.ec2.authorize_security_group_ingress(GroupId=twins.open, IpPermissions=[client])
    twins.ec2.revoke_security_group_ingress(GroupId=twins.open, IpPermissions=[everyone])
    twins.becomes(a="unhealthy", b="unhealthy")
    assert twins.told() == "ab"
    for zone in "ab":
        with twins.talk(CLIENT, f"us-east-1{zone}.{twins.name}") as conversation:
            assert twins.inside[conversation.say().split()[1]] == zone
