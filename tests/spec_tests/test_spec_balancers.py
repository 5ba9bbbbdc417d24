"""Network load balancers: facts 164 to 188, from Describe answers alone. Both sides of each rule."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.spec import ContradictionError, History, Reason, UnsupportedError, Verdict, fates, judge
from tests.spec.balancers import names
from tests.spec.history import settled
from tests.spec_tests.account import (
    HOST,
    OTHER_HOST,
    WORLD,
    Account,
    entry,
    from_internet,
    lab,
    lost,
    permission,
    probe,
    tcp,
    tcp_ports,
    unanswered,
)

NODE_A, NODE_B, EIP = "10.0.1.9", "10.0.2.9", "198.18.0.9"
A1, B1, B2, C1 = "10.0.1.10", "10.0.2.20", "10.0.2.21", "10.0.3.30"
IN = from_internet(EIP)


@pytest.fixture
def account() -> Account:
    """An internet-facing one in subnets a and b; of its targets a1 and c1 (private) are in zone a, b1 in zone b."""
    made = lab(zones=True)
    made.server("a1", "subnet-a", A1)
    made.server("b1", "subnet-b", B1)
    made.server("c1", "subnet-c", C1)
    made.balancer("lb", subnet_a=NODE_A, subnet_b=NODE_B)
    made.elastic(EIP, "eni-lb-a")
    made.targets("tg", "lb", C1)
    return made


def chosen(account: Account, *tried: Any) -> set[str | None]:
    """To whom a packet may go."""
    return {fate.target for fate in fates(account.world(), *(tried or (IN,)))}


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_in_to_a_private_server_which_sees_the_client_and_back(account: Account, protocol: str) -> None:
    account.listener("lb", "tg", protocol="TCP_UDP")
    verdict = judge(account.world(), from_internet(EIP, protocol=protocol))
    assert verdict == Verdict(True, "eni-c1", HOST, C1, True, EIP, Reason.NONE, f"{C1}:8080")


def test_without_preservation_it_sees_the_node(account: Account) -> None:
    account.says("tg", "preserve_client_ip.enabled", "false")
    verdict = judge(account.world(), IN)
    assert (verdict.source, verdict.destination, verdict.answered, verdict.answer_source) == (NODE_A, C1, True, EIP)


@pytest.mark.parametrize(
    "tried", [from_internet(EIP, 81), from_internet(EIP, protocol="udp"), from_internet(EIP, protocol="icmp")]
)
def test_what_no_listener_takes_is_dropped(account: Account, tried: Any) -> None:
    assert lost(judge(account.world(), tried)) is Reason.REFUSED_BY_BALANCER  # fact 174


def test_one_that_is_not_active_does_not_work(account: Account) -> None:
    account.find("LoadBalancers", "LoadBalancerName", "lb")["State"]["Code"] = "provisioning"
    assert lost(judge(account.world(), IN)) is Reason.NOT_RUNNING


class TestChoice:
    def test_every_healthy_target_of_the_zone_and_no_other(self, account: Account) -> None:
        account.targets("tg", "lb", A1, B1, C1)
        assert chosen(account) == {f"{A1}:8080", f"{C1}:8080"}
        account.health("tg", A1, "unhealthy")
        assert chosen(account) == {f"{C1}:8080"}

    @pytest.mark.parametrize("key", ["lb", "tg"])
    def test_with_cross_zone_of_all_enabled_zones(self, account: Account, key: str) -> None:
        account.server("d1", "subnet-d", "10.0.4.40")
        account.targets("tg", "lb", A1, B1, C1, "10.0.4.40")
        account.says(key, "load_balancing.cross_zone.enabled", "true")
        assert chosen(account) == {f"{A1}:8080", f"{B1}:8080", f"{C1}:8080"}  # fact 181: subnet d's zone is none

    def test_the_groups_word_goes_first(self, account: Account) -> None:
        account.targets("tg", "lb", B1, C1)
        account.says("lb", "load_balancing.cross_zone.enabled", "true")
        account.says("tg", "load_balancing.cross_zone.enabled", "false")
        assert chosen(account) == {f"{C1}:8080"}

    @pytest.mark.parametrize("state", ["unhealthy", "initial"])
    def test_a_node_without_healthy_targets_fails_open(self, account: Account, state: str) -> None:
        account.targets("tg", "lb", A1, B1, C1)
        for each in (A1, C1):
            account.health("tg", each, state)
        assert chosen(account) == {f"{A1}:8080", f"{C1}:8080"}  # fact 180: node by node

    def test_or_with_fewer_than_it_asks_for(self, account: Account) -> None:
        account.targets("tg", "lb", A1, C1)
        account.health("tg", A1, "unhealthy")
        account.says("tg", "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "2")
        assert chosen(account) == {f"{A1}:8080", f"{C1}:8080"}
        account.says("tg", "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1")
        account.says("tg", "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "50")
        assert chosen(account) == {f"{C1}:8080"}
        account.says("tg", "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "51")
        assert chosen(account) == {f"{A1}:8080", f"{C1}:8080"}

    @pytest.mark.parametrize("state", ["draining", "unused"])
    def test_who_drains_or_is_not_used_gets_nothing_new(self, account: Account, state: str) -> None:
        account.targets("tg", "lb", A1, C1)
        account.health("tg", A1, state)
        assert chosen(account) == {f"{C1}:8080"}
        account.health("tg", C1, state)
        assert lost(judge(account.world(), IN)) is Reason.REFUSED_BY_BALANCER

    def test_an_instance_stands_for_the_primary_address_of_its_first_interface(self, account: Account) -> None:
        account.eni("eni-second", "subnet-a", "10.0.1.77")
        account.attach("eni-second", "i-c1", index=1)
        account.targets("tg", "lb", "i-c1")
        assert chosen(account) == {f"{C1}:8080"}  # fact 176

    def test_two_of_one_instance_on_two_ports_are_two(self, account: Account) -> None:
        account.targets("tg", "lb", C1, (C1, 9090))
        assert chosen(account) == {f"{C1}:8080", f"{C1}:9090"}


class TestFilters:
    def test_the_target_must_let_the_client_in(self, account: Account) -> None:
        account.group("sg-open", tcp(f"{HOST}/32", 8080))
        assert judge(account.world(), IN).answered  # fact 186
        account.group("sg-open", tcp("10.0.0.0/16", 8080))
        assert lost(judge(account.world(), IN)) is Reason.SG_INGRESS
        account.says("tg", "preserve_client_ip.enabled", "false")
        assert judge(account.world(), IN).answered

    def test_or_the_load_balancers_group_though_the_client_is_kept(self, account: Account) -> None:
        account.group("sg-lb", permission(WORLD))
        account.balancer("lb", subnet_a=NODE_A, subnet_b=NODE_B, groups=["sg-lb"])
        account.elastic(EIP, "eni-lb-a")
        account.group("sg-open", tcp("sg-lb", 8080))
        assert judge(account.world(), IN).answered  # fact 188
        account.group("sg-open", tcp("sg-closed", 8080))
        assert lost(judge(account.world(), IN)) is Reason.SG_INGRESS

    @pytest.mark.parametrize(
        ("inward", "outward", "reason"),
        [
            (tcp(f"{HOST}/32"), tcp(f"{C1}/32", 8080), None),
            (tcp(f"{OTHER_HOST}/32"), tcp(f"{C1}/32", 8080), Reason.SG_INGRESS),
            (tcp(f"{HOST}/32", 81), tcp(f"{C1}/32", 8080), Reason.SG_INGRESS),
            (tcp(f"{HOST}/32"), tcp(f"{C1}/32", 80), Reason.SG_EGRESS),
            (tcp(f"{HOST}/32"), tcp("sg-open", 8080), None),
        ],
    )
    def test_its_own_groups_judge_both_passes(
        self, account: Account, inward: Any, outward: Any, reason: Reason | None
    ) -> None:
        account.group("sg-lb", inward, egress=[outward])
        account.balancer("lb", subnet_a=NODE_A, subnet_b=NODE_B, groups=["sg-lb"])
        account.elastic(EIP, "eni-lb-a")
        verdict = judge(account.world(), IN)
        assert verdict.answered if reason is None else lost(verdict) is reason

    @pytest.mark.parametrize("protocol", ["tcp", "udp"])
    def test_what_goes_through_it_is_always_tracked(self, account: Account, protocol: str) -> None:
        """Fact 136: at the target, at the node and at the client, though all groups open everything both ways."""
        account.listener("lb", "tg", protocol="TCP_UDP")
        account.balancer("lb", subnet_a=NODE_A, subnet_b=NODE_B, groups=["sg-open"])
        account.elastic(EIP, "eni-lb-a")
        history = History()
        inside = probe("eni-a1", A1, NODE_A, protocol=protocol)
        assert history.open(account.world(), inside)[0].answered
        account.group("sg-open", egress=[])
        assert history.send(account.world(), 0).answered
        assert history.reply(account.world(), 0).arrives
        assert lost(judge(account.world(), probe("eni-a1", A1, NODE_A, protocol=protocol, own=40001)))

    @pytest.mark.parametrize(
        ("subnet", "shut", "out"),
        [
            ("subnet-a", entry(1, egress=False, allow=False, cidr=f"{HOST}/32"), True),
            ("subnet-a", entry(1, egress=True, allow=False, cidr=f"{C1}/32"), True),
            ("subnet-c", entry(1, egress=False, allow=False, cidr=f"{HOST}/32"), True),
            ("subnet-c", entry(1, egress=False, allow=False, cidr=f"{NODE_A}/32"), None),  # the client's is kept
            ("subnet-c", entry(1, egress=True, allow=False, cidr=f"{HOST}/32"), False),
            ("subnet-a", entry(1, egress=True, allow=False, cidr=f"{HOST}/32"), False),
            ("subnet-a", entry(1, egress=True, allow=False, **tcp_ports(40000, 40000)), False),
        ],
    )
    def test_the_acls_of_both_subnets_judge_both_ways(
        self, account: Account, subnet: str, shut: dict[str, Any], out: bool | None
    ) -> None:
        account.acl(subnet, shut, entry(100, egress=True, allow=True), entry(100, egress=False, allow=True))
        verdict = judge(account.world(), IN)
        if out is None:
            assert verdict.answered
            return
        reason = Reason.NACL_OUT if shut["Egress"] else Reason.NACL_IN
        assert (lost(verdict) if out else unanswered(verdict)) is reason


class TestWays:
    def test_answers_go_back_by_the_node_whatever_the_targets_table_says(self, account: Account) -> None:
        for destination, target in ((WORLD, "igw-of-vpc-1"), (f"{HOST}/32", "eni-a1")):
            account.route("subnet-c", destination, target)
            assert judge(account.world(), IN).answered

    def test_but_what_is_addressed_to_the_node_follows_it(self, account: Account) -> None:
        account.says("tg", "preserve_client_ip.enabled", "false")
        account.route("subnet-c", "10.0.1.0/24", "eni-b1")
        assert unanswered(judge(account.world(), IN)) is Reason.DESTINATION_CHECK

    def test_without_a_way_to_the_gateway_an_internet_facing_one_is_silent(self, account: Account) -> None:
        """Section 15: created without complaint."""
        table = account.find("RouteTables", "RouteTableId", "rtb-of-subnet-a")
        table["Routes"] = [one for one in table["Routes"] if one["DestinationCidrBlock"] != WORLD]
        assert unanswered(judge(account.world(), IN)) is Reason.NO_ROUTE

    def test_a_client_inside_hears_the_node(self, account: Account) -> None:
        verdict = judge(account.world(), probe("eni-b1", B1, NODE_A))
        assert verdict == Verdict(True, "eni-c1", B1, C1, True, NODE_A, Reason.NONE, f"{C1}:8080")

    def test_a_target_that_calls_itself_hears_nothing_unless_it_sees_the_node(self, account: Account) -> None:
        assert unanswered(judge(account.world(), probe("eni-c1", C1, NODE_A))) is Reason.ELSEWHERE  # fact 185
        account.says("tg", "preserve_client_ip.enabled", "false")
        assert judge(account.world(), probe("eni-c1", C1, NODE_A)).answered

    def test_nothing_else_is_answered_by_a_node(self, account: Account) -> None:
        account.route("subnet-c", WORLD, "eni-lb-a")
        assert lost(judge(account.world(), probe("eni-c1", C1, HOST, 80))) is Reason.REFUSED_BY_BALANCER


class TestHistories:
    def opened(self, account: Account) -> History:
        account.targets("tg", "lb", A1, C1)
        history = History()
        found = history.fates(lambda one, target: one.open(account.world(), IN, target)[0])
        wanted = next(key for key, fate in found.items() if fate.target == f"{C1}:8080")
        assert history.open(account.world(), IN, wanted)[0].answered
        return history

    def test_a_flow_keeps_its_target_whoever_comes(self, account: Account) -> None:
        history = self.opened(account)
        account.targets("tg", "lb", A1, B1, C1)
        account.says("lb", "load_balancing.cross_zone.enabled", "true")
        for _ in range(3):
            assert history.send(account.world(), 0).target == f"{C1}:8080"

    @pytest.mark.parametrize("state", ["draining", "healthy"])
    def test_or_drains(self, account: Account, state: str) -> None:
        history = self.opened(account)
        account.health("tg", C1, state)
        assert history.send(account.world(), 0).target == f"{C1}:8080"

    @pytest.mark.parametrize("ends", ["true", "false"])
    def test_one_that_turns_unhealthy_loses_it_if_its_group_says_so(self, account: Account, ends: str) -> None:
        account.says("tg", "target_health_state.unhealthy.connection_termination.enabled", ends)
        history = self.opened(account)
        account.says("tg", "target_health_state.unhealthy.connection_termination.enabled", ends)
        account.health("tg", C1, "unhealthy")
        assert history.send(account.world(), 0).target == (f"{A1}:8080" if ends == "true" else f"{C1}:8080")  # fact 183

    def test_not_where_the_node_fails_open_to_it(self, account: Account) -> None:
        history = self.opened(account)
        for each in (A1, C1):
            account.health("tg", each, "unhealthy")
        assert history.send(account.world(), 0).target == f"{C1}:8080"

    @pytest.mark.parametrize("ends", ["true", "false"])
    def test_one_that_is_gone_keeps_it_unless_its_group_ends_it(self, account: Account, ends: str) -> None:
        history = self.opened(account)
        account.targets("tg", "lb", A1)
        account.says("tg", "deregistration_delay.connection_termination.enabled", ends)
        assert history.send(account.world(), 0).target == (f"{A1}:8080" if ends == "true" else f"{C1}:8080")  # fact 184

    def test_so_do_all_with_targets_of_a_zone_that_is_removed(self, account: Account) -> None:
        """AWS's page on the zones of a load balancer: those from other zones too."""
        account.targets("tg", "lb", B1)
        account.says("lb", "load_balancing.cross_zone.enabled", "true")
        history = History()
        assert history.open(account.world(), IN)[0].target == f"{B1}:8080"
        account.drop_node("eni-lb-b")
        account.targets("tg", "lb", B1, C1)
        account.health("tg", B1, "unused")
        assert history.send(account.world(), 0).target == f"{C1}:8080"

    def test_of_those_that_are_stopped_too(self, account: Account) -> None:
        """A stopped instance has not left its zone. Its connections end with the zone, and wait till then."""
        account.targets("tg", "lb", "i-b1")
        account.says("lb", "load_balancing.cross_zone.enabled", "true")
        history = History()
        assert history.open(account.world(), IN)[0].target == f"{B1}:8080"
        account.instance("i-b1", "stopped")
        account.targets("tg", "lb", "i-b1", "i-c1")
        account.health("tg", "i-b1", "unused")
        assert lost(history.send(account.world(), 0)) is Reason.NOT_RUNNING
        account.drop_node("eni-lb-b")
        assert history.send(account.world(), 0).target == f"{C1}:8080"

    def test_a_node_that_is_gone_takes_what_targets_remember_along(self, account: Account) -> None:
        account.group("sg-open", permission(WORLD), egress=[])
        history = History()
        inside = probe("eni-b2", B2, NODE_B)
        account.group("sg-out")
        account.server("b2", "subnet-b", B2, groups=["sg-out"])
        account.targets("tg", "lb", B1)
        assert history.open(account.world(), inside)[0].answered
        assert history.reply(account.world(), 0).arrives
        account.drop_node("eni-lb-b")
        assert lost(history.reply(account.world(), 0)) is Reason.SG_EGRESS

    def test_what_has_lost_it_is_answered_by_nobody(self, account: Account) -> None:
        history = self.opened(account)
        account.health("tg", C1, "unhealthy")
        assert lost(history.reply(account.world(), 0)) is Reason.REFUSED_BY_BALANCER  # fact 174, 183

    @pytest.mark.parametrize(("protocol", "seconds"), [("tcp", 350), ("udp", 120)])
    def test_silence_ends_it(self, account: Account, protocol: str, seconds: int) -> None:
        """Fact 183; with the node it forgets who answered, and a healthy one gets the next packet."""
        account.listener("lb", "tg", protocol="TCP_UDP")
        for waited, kept in ((seconds - 1, True), (seconds, False)):
            account.targets("tg", "lb", C1)
            history = History()
            history.open(account.world(), from_internet(EIP, protocol=protocol))
            account.targets("tg", "lb", A1)
            history.wait(waited)
            target = history.send(account.world(), 0).target
            assert target == (f"{C1}:8080" if kept else f"{A1}:8080")


class TestHealth:
    def state(self, account: Account, id_: str = C1, *, listens: bool = True) -> str:
        found = settled(account.world(), lambda _, port: listens and port == 8080)
        return next(state for (_, target, _), state in found.items() if target == id_)

    def test_it_needs_somebody_who_listens(self, account: Account) -> None:
        assert self.state(account) == "healthy"
        assert self.state(account, listens=False) == "unhealthy"

    def test_and_a_way_there_and_back(self, account: Account) -> None:
        account.group("sg-open", tcp(f"{HOST}/32", 8080))  # clients, and not the node
        assert self.state(account) == "unhealthy"  # fact 186
        account.group("sg-open", tcp(f"{NODE_A}/32", 8080))
        assert self.state(account) == "healthy"
        account.acl(
            "subnet-c", entry(1, egress=True, allow=True, cidr=f"{HOST}/32"), entry(1, egress=False, allow=True)
        )
        assert self.state(account) == "unhealthy"

    def test_the_nodes_outbound_rules_and_not_its_inbound_ones(self, account: Account) -> None:
        for egress, state in (([tcp(f"{C1}/32", 8080)], "healthy"), ([tcp(f"{C1}/32", 80)], "unhealthy")):
            account.group("sg-lb", egress=egress)
            account.balancer("lb", subnet_a=NODE_A, subnet_b=NODE_B, groups=["sg-lb"])
            account.elastic(EIP, "eni-lb-a")
            assert self.state(account) == state  # fact 188

    def test_the_port_for_checks_may_be_another(self, account: Account) -> None:
        account.find("TargetGroups", "TargetGroupArn", "tg")["HealthCheckPort"] = "22"
        assert self.state(account) == "unhealthy"

    def test_it_is_asked_by_the_node_of_its_zone(self, account: Account) -> None:
        account.targets("tg", "lb", B1)
        account.group("sg-open", tcp(f"{NODE_B}/32", 8080))
        assert self.state(account, B1) == "healthy"
        account.group("sg-open", tcp(f"{NODE_A}/32", 8080))
        assert self.state(account, B1) == "unhealthy"

    def test_with_cross_zone_by_every_node_and_the_most_decide(self, account: Account) -> None:
        """Decision: it is unhealthy where more nodes say so than not."""
        two = {"subnet_a": NODE_A, "subnet_b": NODE_B}
        for nodes, heard, state in (
            (two, [], "unhealthy"),
            (two, [NODE_B], "healthy"),
            ({**two, "subnet_d": "10.0.4.9"}, [NODE_A], "unhealthy"),
            ({**two, "subnet_d": "10.0.4.9"}, [NODE_A, NODE_B], "healthy"),
        ):
            account.balancer("lb", **nodes)
            account.elastic(EIP, "eni-lb-a")
            account.says("lb", "load_balancing.cross_zone.enabled", "true")
            account.group("sg-open", *(tcp(f"{node}/32", 8080) for node in heard))
            assert self.state(account) == state

    def test_who_is_not_used(self, account: Account) -> None:
        account.server("d1", "subnet-d", "10.0.4.40")
        account.targets("tg", "lb", "10.0.4.40", NODE_B, B1)
        account.health("tg", B1, "draining")
        found = [self.state(account, id_) for id_ in ("10.0.4.40", NODE_B, B1)]
        assert found == ["unused", "unused", "draining"]  # fact 178
        account.targets("tg", "lb", "i-c1")
        assert self.state(account, "i-c1") == "healthy"
        account.instance("i-c1", "stopped")
        assert self.state(account, "i-c1") == "unused"

    def test_an_address_whose_instance_has_stopped_is_unhealthy(self, account: Account) -> None:
        account.instance("i-c1", "stopped")
        assert self.state(account) == "unhealthy"


class TestNames:
    def told(self, account: Account) -> dict[str, set[str]]:
        return names(account.world().nodes, account.find("LoadBalancers", "LoadBalancerName", "lb"))

    def test_a_zone_without_a_healthy_target_is_out_and_its_own_name_is_not(self, account: Account) -> None:
        account.elastic("198.18.0.10", "eni-lb-b")
        account.targets("tg", "lb", B1, C1)
        assert self.told(account) == {
            "lb.elb": {EIP, "198.18.0.10"},
            "zone-a.lb.elb": {EIP},
            "zone-b.lb.elb": {"198.18.0.10"},
        }
        account.health("tg", C1, "unhealthy")
        assert self.told(account)["lb.elb"] == {"198.18.0.10"}  # fact 180
        assert self.told(account)["zone-a.lb.elb"] == {EIP}
        account.says("lb", "load_balancing.cross_zone.enabled", "true")
        assert self.told(account)["lb.elb"] == {EIP, "198.18.0.10"}

    def test_any_one_group_takes_a_zone_out(self, account: Account) -> None:
        """Section 15: the only target of listener B in zone a dies, and A's zone is out too."""
        account.targets("tg", "lb", B1, C1)
        account.targets("other", "lb", B1, A1)
        account.listener("lb", "other", 443)
        assert self.told(account)["lb.elb"] == {EIP, NODE_B}
        account.health("other", A1, "unhealthy")
        assert self.told(account)["lb.elb"] == {NODE_B}

    def test_where_no_zone_is_left_all_are_in(self, account: Account) -> None:
        account.health("tg", C1, "unhealthy")
        assert self.told(account)["lb.elb"] == {EIP, NODE_B}


BROKEN: dict[str, tuple[Callable[[Account], object], type[Exception]]] = {
    "stickiness": (lambda a: a.says("tg", "stickiness.enabled", "true"), UnsupportedError),
    "zonal shifts": (lambda a: a.says("lb", "zonal_shift.config.enabled", "true"), UnsupportedError),
    "two listeners": (lambda a: a.answers["Listeners"].append(a.answers["Listeners"][0]), ContradictionError),
    "two nodes in a zone": (lambda a: a.node("lb", "subnet-c", "10.0.3.8"), ContradictionError),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_it_does_not_believe(account: Account, name: str) -> None:
    account.world()
    broken, error = BROKEN[name]
    broken(account)
    with pytest.raises(error, match=name):
        account.world()
