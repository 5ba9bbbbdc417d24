"""Connections in a world that changes: what lives on, what is cut, and by whom."""

import pytest

from tests.spec import History, Probe, Reason, judge
from tests.spec_tests.account import HOST, WORLD, Account, entry, from_internet, lab, lost, permission, probe, tcp

A1, B1, B2 = "10.0.1.10", "10.0.2.20", "10.0.2.21"
PUBLIC = "198.18.0.1"
SSH = from_internet(PUBLIC, 22)
FRESH = from_internet(PUBLIC, 22, own=40001)


@pytest.fixture
def account() -> Account:
    """eni-a1 with an Elastic IP wears sg-a; eni-b1 and eni-b2 in the next subnet wear sg-b."""
    made = lab()
    made.group("sg-a", tcp(f"{HOST}/32", 22))
    made.group("sg-b", permission("10.0.0.0/16"))
    made.server("a1", "subnet-a", A1, groups=["sg-a"])
    made.server("b1", "subnet-b", B1, groups=["sg-b"])
    made.server("b2", "subnet-b", B2, groups=["sg-b"])
    made.elastic(PUBLIC, "eni-a1")
    return made


def opened(account: Account, tried: Probe) -> tuple[History, int]:
    history = History()
    verdict, connection = history.open(account.world(), tried)
    assert verdict.answered
    return history, connection


class TestTracking:
    def test_a_tracked_flow_outlives_its_rule_and_new_ones_die(self, account: Account) -> None:
        history, connection = opened(account, SSH)
        account.group("sg-a", egress=[])
        assert history.send(account.world(), connection).answered
        back = history.reply(account.world(), connection)
        assert (back.arrives, back.reason) == (True, Reason.NONE)
        assert lost(history.open(account.world(), FRESH)[0]) is Reason.SG_INGRESS

    def test_an_untracked_flow_is_cut_with_its_rule_and_comes_back_with_it(self, account: Account) -> None:
        account.group("sg-a", tcp(WORLD, 22))
        history, connection = opened(account, SSH)
        account.group("sg-a")
        assert lost(history.send(account.world(), connection)) is Reason.SG_INGRESS
        account.group("sg-a", tcp(WORLD, 22))
        assert history.send(account.world(), connection).answered

    @pytest.mark.parametrize("protocol", ["tcp", "udp"])
    def test_an_untracked_flow_needs_both_rules_of_the_pair(self, account: Account, protocol: str) -> None:
        account.group("sg-a", permission(WORLD, protocol, 22))
        history, connection = opened(account, from_internet(PUBLIC, 22, protocol))
        account.group("sg-a", permission(WORLD, protocol, 22), egress=[])
        assert lost(history.reply(account.world(), connection)) is Reason.SG_EGRESS

    def test_the_next_packet_that_is_allowed_without_the_pair_starts_tracking(self, account: Account) -> None:
        account.group("sg-a", tcp(WORLD, 22))
        history, connection = opened(account, SSH)
        account.group("sg-a", tcp(WORLD, 22), egress=[])
        assert history.send(account.world(), connection).answered
        account.group("sg-a", egress=[])
        assert history.send(account.world(), connection).answered
        assert history.reply(account.world(), connection).arrives

    def test_what_the_receiver_sends_starts_no_tracking(self, account: Account) -> None:
        account.group("sg-a", tcp(WORLD, 22))
        history, connection = opened(account, SSH)
        account.group("sg-a", egress=[tcp(WORLD, 0, 65535)])
        assert history.reply(account.world(), connection).arrives  # the egress rule judges it as the packet it is
        assert lost(history.send(account.world(), connection)) is Reason.SG_INGRESS

    @pytest.mark.parametrize(
        ("ingress", "egress", "lives"),
        [
            (tcp(WORLD, 22), permission(WORLD), False),
            (permission(WORLD), permission(WORLD), False),
            (tcp(f"{HOST}/32", 22), permission(WORLD), True),
            (tcp(WORLD, 22), permission("203.0.113.0/24"), True),
            (tcp(WORLD, 22), tcp(WORLD, 0, 65535), True),
        ],
    )
    def test_only_the_pair_of_open_rules_leaves_a_flow_untracked(
        self, account: Account, ingress: dict[str, object], egress: dict[str, object], lives: bool
    ) -> None:
        account.group("sg-a", ingress, egress=[egress])
        history, connection = opened(account, SSH)
        account.group("sg-a", egress=[egress])
        assert history.send(account.world(), connection).arrives is lives

    def test_an_open_rule_beside_a_narrow_one_leaves_the_flow_untracked(self, account: Account) -> None:
        narrow, wide = tcp(f"{HOST}/32", 22), tcp(WORLD, 22)
        account.group("sg-a", narrow, wide)
        history, connection = opened(account, SSH)
        account.group("sg-a")
        assert lost(history.send(account.world(), connection)) is Reason.SG_INGRESS

    def test_icmp_is_always_tracked(self, account: Account) -> None:
        account.group("sg-a", permission(WORLD))
        history, ping = opened(account, Probe(f"internet:{HOST}", HOST, PUBLIC, "icmp", 77, 0))
        _, connection = history.open(account.world(), SSH)
        account.group("sg-a")
        assert history.send(account.world(), ping).answered
        assert history.reply(account.world(), ping).arrives
        assert lost(history.send(account.world(), connection)) is Reason.SG_INGRESS
        other = Probe(f"internet:{HOST}", HOST, PUBLIC, "icmp", 78, 0)
        assert lost(history.open(account.world(), other)[0]) is Reason.SG_INGRESS

    def test_each_end_tracks_for_itself(self, account: Account) -> None:
        account.group("sg-b", permission(WORLD))  # untracked at the receiver, tracked at the sender
        history, connection = opened(account, probe("eni-a1", A1, B1))
        account.group("sg-a", egress=[])
        assert history.send(account.world(), connection).answered
        account.group("sg-b")
        assert lost(history.send(account.world(), connection)) is Reason.SG_INGRESS

    def test_a_sender_with_both_directions_open_is_untracked_too(self, account: Account) -> None:
        account.group("sg-a", permission(WORLD))
        history, connection = opened(account, probe("eni-a1", A1, B1))
        account.group("sg-a", permission(WORLD), egress=[])
        assert lost(history.send(account.world(), connection)) is Reason.SG_EGRESS
        account.group("sg-a")
        assert lost(history.reply(account.world(), connection)) is Reason.SG_INGRESS

    def test_a_tracked_flow_lets_both_ends_speak_first(self, account: Account) -> None:
        history, _ = opened(account, probe("eni-b1", B1, B2, 5000, "udp", 6000))
        account.group("sg-b", egress=[])
        back = probe("eni-b2", B2, B1, 6000, "udp", 5000)
        assert history.open(account.world(), back)[0].answered
        assert lost(judge(account.world(), back)) is Reason.SG_EGRESS

    def test_other_groups_count_like_other_rules(self, account: Account) -> None:
        history, connection = opened(account, SSH)
        account.find("NetworkInterfaces", "NetworkInterfaceId", "eni-a1")["Groups"] = [{"GroupId": "sg-closed"}]
        assert history.send(account.world(), connection).answered
        assert lost(judge(account.world(), SSH)) is Reason.SG_INGRESS


class TestRefusedFirstPackets:
    def test_a_connection_that_never_arrived_is_judged_as_new(self, account: Account) -> None:
        account.group("sg-b")
        history = History()
        refused, connection = history.open(account.world(), probe("eni-a1", A1, B1))
        assert refused.reason is Reason.SG_INGRESS
        assert lost(history.reply(account.world(), connection)) is Reason.SOCKET_GONE
        account.group("sg-a", egress=[])  # the sender's end was not tracked either
        account.group("sg-b", tcp("10.0.0.0/16"))
        assert lost(history.send(account.world(), connection)) is Reason.SG_EGRESS
        account.group("sg-a")
        assert history.send(account.world(), connection).answered
        account.group("sg-a", egress=[])
        assert history.send(account.world(), connection).answered
        assert history.reply(account.world(), connection).arrives

    def test_it_may_be_opened_after_a_new_start_of_its_host(self, account: Account) -> None:
        account.group("sg-b")
        history = History()
        _, connection = history.open(account.world(), probe("eni-a1", A1, B1))
        account.instance("i-a1", launched="tuesday")
        account.group("sg-b", tcp("10.0.0.0/16"))
        assert history.send(account.world(), connection).answered

    def test_it_is_open_though_its_answer_was_lost(self, account: Account) -> None:
        account.acl("subnet-a", entry(1, egress=False, allow=True))
        history = History()
        verdict, connection = history.open(account.world(), SSH)
        assert (verdict.arrives, verdict.answered) == (True, False)
        account.acl("subnet-a", entry(1, egress=False, allow=True), entry(1, egress=True, allow=True))
        account.group("sg-a")
        assert history.send(account.world(), connection).answered


class TestEveryPacketIsJudged:
    def test_an_acl_cuts_tracked_flows_at_once_in_either_direction(self, account: Account) -> None:
        history, connection = opened(account, SSH)
        both = (entry(1, egress=False, allow=True), entry(1, egress=True, allow=True))
        account.acl("subnet-a", both[1])
        assert lost(history.send(account.world(), connection)) is Reason.NACL_IN
        assert history.reply(account.world(), connection).arrives
        account.acl("subnet-a", both[0])
        assert history.send(account.world(), connection).arrives
        assert lost(history.reply(account.world(), connection)) is Reason.NACL_OUT
        account.acl("subnet-a", *both)
        assert history.send(account.world(), connection).answered

    def test_routes_judge_answers_and_replies(self, account: Account) -> None:
        history, connection = opened(account, SSH)
        account.route("subnet-a", f"{HOST}/32", "eni-gone", "blackhole")
        verdict = history.send(account.world(), connection)
        assert (verdict.arrives, verdict.answered, verdict.reason) == (True, False, Reason.BLACKHOLE)
        assert lost(history.reply(account.world(), connection)) is Reason.BLACKHOLE

    def test_routes_judge_the_initiators_packets(self, account: Account) -> None:
        history, connection = opened(account, probe("eni-a1", A1, HOST))
        account.find("RouteTables", "RouteTableId", "rtb-of-subnet-a")["Routes"].pop()
        assert lost(history.send(account.world(), connection)) is Reason.NO_ROUTE
        assert history.reply(account.world(), connection).arrives  # no table governs the way in

    def test_the_source_check_judges_them_too(self, account: Account) -> None:
        box = account.find("NetworkInterfaces", "NetworkInterfaceId", "eni-a1")
        box["SourceDestCheck"] = False
        account.route("subnet-b", "192.168.7.0/24", "eni-a1")
        account.group("sg-b", permission(WORLD))
        history, connection = opened(account, probe("eni-a1", "192.168.7.1", B1))
        box["SourceDestCheck"] = True
        assert lost(history.send(account.world(), connection)) is Reason.SOURCE_CHECK
        assert lost(history.reply(account.world(), connection)) is Reason.DESTINATION_CHECK


class TestElasticIps:
    def test_one_that_moved_leads_to_the_new_holder_and_the_old_flow_is_dead(self, account: Account) -> None:
        history, connection = opened(account, SSH)
        account.elastic(PUBLIC, "eni-b1")
        assert lost(history.send(account.world(), connection)) is Reason.SG_INGRESS
        assert lost(history.reply(account.world(), connection)) is Reason.NO_PUBLIC_ADDRESS
        account.group("sg-b", tcp(f"{HOST}/32", 22))
        verdict = history.send(account.world(), connection)
        assert (verdict.at, verdict.destination, verdict.answer_source) == ("eni-b1", B1, PUBLIC)
        assert lost(history.reply(account.world(), connection)) is Reason.NO_PUBLIC_ADDRESS  # still the first one

    def test_another_one_on_the_receiver_is_another_flow_to_the_prober(self, account: Account) -> None:
        history, connection = opened(account, SSH)
        account.elastic(PUBLIC, None)
        account.elastic("198.18.0.2", "eni-a1")
        assert lost(history.send(account.world(), connection)) is Reason.NO_SUCH_ADDRESS
        verdict = history.reply(account.world(), connection)
        assert (verdict.arrives, verdict.source, verdict.reason) == (True, "198.18.0.2", Reason.ELSEWHERE)

    def test_another_one_on_the_initiator_is_another_flow_to_the_receiver(self, account: Account) -> None:
        history, connection = opened(account, probe("eni-a1", A1, HOST))
        account.elastic(PUBLIC, None)
        account.elastic("198.18.0.2", "eni-a1")
        verdict = history.send(account.world(), connection)
        assert (verdict.source, verdict.answered) == ("198.18.0.2", True)
        assert lost(history.reply(account.world(), connection)) is Reason.NO_SUCH_ADDRESS

    def test_a_flow_is_forgotten_with_its_public_address_and_not_known_again_when_that_is_back(
        self, account: Account
    ) -> None:
        history, connection = opened(account, SSH)
        account.elastic(PUBLIC, "eni-b1")
        history.send(account.world(), connection)
        account.elastic(PUBLIC, "eni-a1")
        account.group("sg-a", egress=[])
        assert lost(history.send(account.world(), connection)) is Reason.SG_INGRESS

    def test_a_flow_inside_the_vpc_does_not_care(self, account: Account) -> None:
        account.elastic("198.18.0.2", "eni-b1")
        history, connection = opened(account, probe("eni-a1", A1, B1))
        account.elastic("198.18.0.2", None)
        account.group("sg-b", egress=[])
        assert history.send(account.world(), connection).answered

    def test_a_vpc_remembers_what_left_it_though_it_was_lost_outside(self, account: Account) -> None:
        account.elastic("198.18.0.2", "eni-b1")
        account.group("sg-a", egress=[permission("198.18.0.0/16")])
        history = History()
        verdict, connection = history.open(account.world(), probe("eni-a1", A1, "198.18.0.2"))
        assert lost(verdict) is Reason.SG_INGRESS
        account.group("sg-a", egress=[])
        assert lost(history.send(account.world(), connection)) is Reason.SG_INGRESS
        assert lost(judge(account.world(), probe("eni-a1", A1, "198.18.0.2"))) is Reason.SG_EGRESS

    def test_echo_requests_both_ways_are_two_flows(self, account: Account) -> None:
        history, _ = opened(account, probe("eni-a1", A1, B1, protocol="icmp"))
        account.group("sg-a", egress=[])
        assert lost(history.open(account.world(), probe("eni-b1", B1, A1, protocol="icmp"))[0]) is Reason.SG_INGRESS


class TestHostsThatChange:
    def test_a_flow_to_a_stopped_instance_dies(self, account: Account) -> None:
        history, connection = opened(account, SSH)
        account.instance("i-a1", "stopped")
        assert lost(history.send(account.world(), connection)) is Reason.NOT_RUNNING
        assert lost(history.reply(account.world(), connection)) is Reason.NOT_RUNNING

    def test_after_a_new_start_nothing_is_tracked_and_no_socket_is_left(self, account: Account) -> None:
        history, connection = opened(account, SSH)
        account.instance("i-a1", launched="tuesday")
        assert history.send(account.world(), connection).arrives  # allowed as a new one; RST is an answer too
        assert lost(history.reply(account.world(), connection)) is Reason.SOCKET_GONE
        account.instance("i-a1", launched="wednesday")
        account.group("sg-a")
        assert lost(history.send(account.world(), connection)) is Reason.SG_INGRESS

    def test_the_initiators_socket_dies_with_its_instance(self, account: Account) -> None:
        history, connection = opened(account, probe("eni-a1", A1, B1))
        account.instance("i-a1", "stopped")
        assert lost(history.send(account.world(), connection)) is Reason.NOT_RUNNING
        account.instance("i-a1", launched="tuesday")
        assert lost(history.send(account.world(), connection)) is Reason.SOCKET_GONE
        verdict = history.reply(account.world(), connection)
        assert verdict.reason is Reason.SG_INGRESS  # what came back as a tracked answer is now a stranger

    def test_an_interface_that_moved_reaches_the_new_host_as_a_stranger(self, account: Account) -> None:
        account.eni("eni-second", "subnet-a", "10.0.1.50", groups=["sg-a"])
        account.elastic("198.18.0.5", "eni-second")
        account.attach("eni-second", "i-a1")
        history, connection = opened(account, from_internet("198.18.0.5", 22))
        account.group("sg-a")
        assert history.send(account.world(), connection).answered
        account.attach("eni-second", "i-b1", "eni-attach-new")
        assert lost(history.send(account.world(), connection)) is Reason.SG_INGRESS
        assert lost(history.reply(account.world(), connection)) is Reason.SOCKET_GONE
        account.group("sg-a", tcp(WORLD, 22))
        assert history.send(account.world(), connection).at == "eni-second"

    def test_an_interface_attached_anew_to_the_same_host_is_tracked_anew(self, account: Account) -> None:
        history, connection = opened(account, SSH)
        account.attach("eni-a1", "i-a1", "eni-attach-new")
        account.group("sg-a")
        assert lost(history.send(account.world(), connection)) is Reason.SG_INGRESS

    def test_a_deleted_interface_has_no_socket(self, account: Account) -> None:
        history, connection = opened(account, probe("eni-b1", B1, B2))
        interfaces = account.answers["NetworkInterfaces"]
        account.answers["NetworkInterfaces"] = [i for i in interfaces if i["NetworkInterfaceId"] != "eni-b1"]
        assert lost(history.send(account.world(), connection)) is Reason.SOCKET_GONE
        assert lost(history.reply(account.world(), connection)) is Reason.NO_SUCH_ADDRESS

    def test_a_secondary_address_that_moved_takes_the_old_flow_nowhere(self, account: Account) -> None:
        interface = account.find("NetworkInterfaces", "NetworkInterfaceId", "eni-b1")
        extra = {"PrivateIpAddress": "10.0.2.99", "Primary": False}
        interface["PrivateIpAddresses"].append(extra)
        history, connection = opened(account, probe("eni-a1", A1, "10.0.2.99"))
        interface["PrivateIpAddresses"].remove(extra)
        account.find("NetworkInterfaces", "NetworkInterfaceId", "eni-b2")["PrivateIpAddresses"].append(extra)
        assert history.send(account.world(), connection).at == "eni-b2"
        assert lost(history.reply(account.world(), connection)) is Reason.SOCKET_GONE

    def test_a_stopped_instances_automatic_address_is_gone_and_its_elastic_one_is_not(self, account: Account) -> None:
        account.automatic("198.18.7.7", "eni-b1")
        account.group("sg-b", permission(WORLD))
        history, automatic = opened(account, from_internet("198.18.7.7"))
        _, elastic = history.open(account.world(), SSH)
        for name in ("a1", "b1"):
            account.instance(f"i-{name}", launched="tuesday")
        account.automatic("198.18.7.8", "eni-b1")
        assert lost(history.send(account.world(), automatic)) is Reason.NO_SUCH_ADDRESS
        assert history.send(account.world(), elastic).answered
        assert judge(account.world(), from_internet("198.18.7.8")).answered
