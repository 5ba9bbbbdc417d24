"""Load balancers as rows, where random designs do not look: provisioning, stickiness, shares of healthy targets."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from atoll.compile import compiler, constants
from atoll.model.balancing import zones_in_dns
from atoll.model.entity import Tags
from atoll.model.kinds import BalancerZone, Entity, Listener, LoadBalancer, Target, TargetGroup
from atoll.plan.rows import Backend, Frontend, Hash, Node, NodeKind, Probe
from atoll.records import Delta, Table
from tests.support import small_cloud as cloud

A = cloud.subnet("subnet-a", "10.0.1.0/24")
B = replace(cloud.subnet("subnet-b", "10.0.2.0/24"), zone="us-east-1b")
NLB = "0123456789abcdef"
SHARE = "target_group_health.dns_failover.minimum_healthy_targets.percentage"


def balanced(state: str = "active", said: Tags = (), healthy: Sequence[str] = (), ill: Sequence[str] = ()) -> Table:
    """A load balancer in two zones, and its targets' addresses. `said`: its group's attributes."""
    owner = LoadBalancer(
        home=cloud.HOME, id=NLB, name="lb", scheme="internal", vpc="vpc-1", state=state, created=cloud.TIME
    )
    group = TargetGroup(
        home=cloud.HOME, id="tg", name="tg", protocol="TCP", port=80, vpc="vpc-1", target_type="ip", attributes=said
    )
    listener = Listener(home=cloud.HOME, id="l", balancer=NLB, balancer_name="lb", protocol="TCP", port=80, group="tg")
    found: list[Entity] = [*cloud.network(), A, B, owner, group, listener]
    for one in (A, B):
        eni = f"eni-{one.zone}"
        found.append(BalancerZone(home=cloud.HOME, balancer=NLB, zone=one.zone, subnet=one.id, interface=eni))
    for health, addresses in (("healthy", healthy), ("unhealthy", ill)):
        found += [Target(home=cloud.HOME, group="tg", target=ip, port=80, health=health) for ip in addresses]
    return Table(found)


def compiled(model: Table) -> Table:
    delta: Delta = {key: (None, record) for key, record in model.records.items()}
    plan = Table(constants(["us-east-1a", "us-east-1b"]))
    plan.apply(compiler().propose(model, delta).delta)
    return plan


@pytest.mark.parametrize(("state", "works"), [("provisioning", False), ("active", True)])
def test_a_load_balancer_that_is_provisioned_is_nobody_yet(state: str, works: bool) -> None:
    plan = compiled(balanced(state, healthy=["10.0.1.9"]))
    kinds = (one.kind is NodeKind.BALANCER for one in plan.all(Node))
    assert [any(kinds), *(any(True for _ in plan.all(kind)) for kind in (Frontend, Backend, Probe))] == [works] * 4


@pytest.mark.parametrize(("said", "hash_"), [("true", Hash.SOURCE), ("false", Hash.FLOW)])
def test_a_sticky_group_goes_by_the_source(said: str, hash_: Hash) -> None:
    plan = compiled(balanced(said=(("stickiness.enabled", said),), healthy=["10.0.1.9"]))
    assert {one.hash for one in plan.all(Frontend)} == {hash_}


@pytest.mark.parametrize(("share", "zones"), [("66", "ab"), ("67", "b"), ("off", "ab")])
def test_a_share_of_targets_is_rounded_up(share: str, zones: str) -> None:
    """Of three 66% are two, and 67% are three."""
    model = balanced(said=((SHARE, share),), healthy=["10.0.1.8", "10.0.1.9", "10.0.2.8"], ill=["10.0.1.7"])
    owner = model.get(LoadBalancer, NLB)
    assert owner is not None
    assert [one.zone[-1] for one in zones_in_dns(model, owner)] == list(zones)


def test_an_address_in_no_subnet_gets_nothing() -> None:
    """As after the subnet was deleted."""
    plan = compiled(balanced(healthy=["10.0.1.9", "10.0.77.9"]))
    assert {one.address for one in plan.all(Backend)} == {"10.0.1.9"}


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_what_the_last_check_found_of_a_stopped_target_ends_nothing(state: str) -> None:
    """Describe shows it as unused, not as unhealthy (witness design 721)."""
    target = Target(home=cloud.HOME, group="tg", target="i-1", port=80, health="unhealthy")
    well = Target(home=cloud.HOME, group="tg", target="i-2", port=80, health="healthy")
    found: list[Entity] = [cloud.instance("i-1", A, state), cloud.instance("i-2", A), target, well]
    for number in (1, 2):
        found += cloud.interface(f"eni-{number}", A, f"10.0.1.{number}0", instance=f"i-{number}")
    model = balanced()
    group = model.get(TargetGroup, "tg")
    assert group is not None
    rows = {**model.records, group.key: replace(group, target_type="instance")}
    plan = compiled(Table([*rows.values(), *found]))
    assert {one.cut for one in plan.all(Backend) if one.address == "10.0.1.10"} == {state == "running"}
