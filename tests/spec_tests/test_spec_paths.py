"""Routes, gateways, addresses, interfaces: where a packet goes and whether its answer finds the way back."""

import pytest

from tests.spec import Probe, Reason, UnsupportedError, Verdict, judge
from tests.spec_tests.account import HOST, OTHER_HOST, WORLD, Account, from_internet, lab, permission, probe

A1, A2, B1, C1 = "10.0.1.10", "10.0.1.11", "10.0.2.20", "10.0.3.30"
PUBLIC = "198.18.0.1"


@pytest.fixture
def account() -> Account:
    made = lab()
    made.server("a1", "subnet-a", A1)
    made.server("b1", "subnet-b", B1)
    made.server("c1", "subnet-c", C1)
    made.elastic(PUBLIC, "eni-a1")
    return made


def reason(account: Account, tried: Probe) -> Reason:
    verdict = judge(account.world(), tried)
    assert not verdict.arrives
    return verdict.reason


class TestInsideTheVpc:
    def test_subnets_reach_each_other_by_the_local_route(self, account: Account) -> None:
        verdict = judge(account.world(), probe("eni-a1", A1, C1))
        assert verdict == Verdict(True, "eni-c1", A1, C1, True, C1, Reason.NONE)

    def test_a_free_address_is_nobody(self, account: Account) -> None:
        assert reason(account, probe("eni-a1", A1, "10.0.1.99")) is Reason.NO_SUCH_ADDRESS
        assert reason(account, probe("eni-a1", A1, "10.0.3.99")) is Reason.NO_SUCH_ADDRESS
        assert reason(account, probe("eni-a1", A1, "10.0.99.99")) is Reason.NO_SUCH_ADDRESS

    def test_an_own_address_is_never_left_for(self, account: Account) -> None:
        account.group("sg-open", egress=[])
        assert judge(account.world(), probe("eni-a1", A1, A1)).answered
        assert reason(account, probe("eni-a1", A1, B1)) is Reason.SG_EGRESS

    def test_a_spoofed_source_is_dropped_while_the_check_is_on(self, account: Account) -> None:
        assert reason(account, probe("eni-a1", "10.0.1.99", B1)) is Reason.SOURCE_CHECK
        account.find("NetworkInterfaces", "NetworkInterfaceId", "eni-a1")["SourceDestCheck"] = False
        verdict = judge(account.world(), probe("eni-a1", "10.0.1.99", B1))
        assert (verdict.arrives, verdict.source, verdict.answered) == (True, "10.0.1.99", False)
        assert verdict.reason is Reason.NO_SUCH_ADDRESS  # the answer goes to whom the source names

    def test_the_answer_to_a_spoofed_source_reaches_its_owner(self, account: Account) -> None:
        account.find("NetworkInterfaces", "NetworkInterfaceId", "eni-a1")["SourceDestCheck"] = False
        verdict = judge(account.world(), probe("eni-a1", C1, B1))
        assert (verdict.arrives, verdict.answered, verdict.reason) == (True, False, Reason.ELSEWHERE)

    def test_secondary_addresses_send_and_receive(self, account: Account) -> None:
        account.server("a3", "subnet-a", "10.0.1.30", "10.0.1.31")
        assert judge(account.world(), probe("eni-b1", B1, "10.0.1.31")).answer_source == "10.0.1.31"
        assert judge(account.world(), probe("eni-a3", "10.0.1.31", B1)).source == "10.0.1.31"

    def test_two_vpcs_with_the_same_cidr_do_not_meet(self, account: Account) -> None:
        account.vpc("vpc-2")
        account.subnet("subnet-z", "10.0.2.0/24", "vpc-2")
        account.server("z", "subnet-z", "10.0.2.50")
        assert reason(account, probe("eni-a1", A1, "10.0.2.50")) is Reason.NO_SUCH_ADDRESS
        assert reason(account, probe("eni-z", "10.0.2.50", A1)) is Reason.NO_SUCH_ADDRESS
        account.elastic("198.18.0.5", "eni-z")
        verdict = judge(account.world(), probe("eni-a1", A1, "198.18.0.5"))
        assert verdict == Verdict(True, "eni-z", PUBLIC, "10.0.2.50", True, "198.18.0.5", Reason.NONE)

    def test_a_secondary_cidr_is_local_too(self, account: Account) -> None:
        blocks = [
            {"CidrBlock": "10.0.0.0/16", "CidrBlockState": {"State": "associated"}},
            {"CidrBlock": "10.9.0.0/16", "CidrBlockState": {"State": "associated"}},
            {"CidrBlock": "10.8.0.0/16", "CidrBlockState": {"State": "disassociated"}},
        ]
        account.find("Vpcs", "VpcId", "vpc-1")["CidrBlockAssociationSet"] = blocks
        account.subnet("subnet-n", "10.9.1.0/24")
        for subnet in ("subnet-a", "subnet-b", "subnet-c", "subnet-n"):
            account.route(subnet, "10.9.0.0/16", "local")
        account.server("n", "subnet-n", "10.9.1.10")
        assert judge(account.world(), probe("eni-a1", A1, "10.9.1.10")).answered


class TestRoutes:
    def test_no_route(self, account: Account) -> None:
        assert reason(account, probe("eni-c1", C1, HOST)) is Reason.NO_ROUTE

    def test_an_explicit_table_wins_and_without_one_the_main_table_counts(self, account: Account) -> None:
        assert judge(account.world(), probe("eni-a1", A1, HOST)).answered
        account.find("RouteTables", "RouteTableId", "rtb-of-subnet-a")["Associations"] = []
        assert reason(account, probe("eni-a1", A1, HOST)) is Reason.NO_ROUTE
        main = account.find("RouteTables", "RouteTableId", "rtb-main-of-vpc-1")
        default = {"DestinationCidrBlock": WORLD, "GatewayId": "igw-of-vpc-1", "State": "active"}
        main["Routes"].append(default)
        assert judge(account.world(), probe("eni-a1", A1, HOST)).answered

    def test_each_vpc_has_a_main_table_of_its_own(self, account: Account) -> None:
        account.vpc("vpc-2")
        account.subnet("subnet-z", "10.0.1.0/24", "vpc-2")
        account.find("RouteTables", "RouteTableId", "rtb-of-subnet-z")["Associations"] = []
        account.server("z", "subnet-z", "10.0.1.50")
        account.elastic("198.18.0.5", "eni-z")
        default = {"DestinationCidrBlock": WORLD, "GatewayId": "igw-of-vpc-2", "State": "active"}
        account.find("RouteTables", "RouteTableId", "rtb-main-of-vpc-2")["Routes"].append(default)
        assert judge(account.world(), from_internet("198.18.0.5")).answered
        account.find("RouteTables", "RouteTableId", "rtb-of-subnet-a")["Associations"] = []
        assert reason(account, probe("eni-a1", A1, HOST)) is Reason.NO_ROUTE

    def test_the_longest_prefix_wins(self, account: Account) -> None:
        account.route("subnet-a", f"{HOST}/32", "eni-gone", "blackhole")
        assert reason(account, probe("eni-a1", A1, HOST)) is Reason.BLACKHOLE
        assert judge(account.world(), probe("eni-a1", A1, OTHER_HOST)).answered

    def test_a_detached_gateway_leaves_a_blackhole(self, account: Account) -> None:
        account.elastic(PUBLIC, None)
        account.find("InternetGateways", "InternetGatewayId", "igw-of-vpc-1")["Attachments"] = []
        for subnet in ("subnet-a", "subnet-b"):
            account.route(subnet, WORLD, "igw-of-vpc-1", "blackhole")
        assert reason(account, probe("eni-a1", A1, HOST)) is Reason.BLACKHOLE
        assert judge(account.world(), probe("eni-a1", A1, B1)).answered

    def test_ipv6_routes_are_passed_over(self, account: Account) -> None:
        table = account.find("RouteTables", "RouteTableId", "rtb-of-subnet-c")
        table["Routes"].append({"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-of-vpc-1", "State": "active"})
        assert reason(account, probe("eni-c1", C1, HOST)) is Reason.NO_ROUTE


class TestMiddleboxes:
    @pytest.fixture(autouse=True)
    def box(self, account: Account) -> None:
        account.subnet("subnet-m", "10.0.9.0/24")
        account.server("box", "subnet-m", "10.0.9.9")
        account.route("subnet-a", "10.0.3.0/24", "eni-box")

    def check(self, account: Account, on: bool) -> None:
        account.find("NetworkInterfaces", "NetworkInterfaceId", "eni-box")["SourceDestCheck"] = on

    def test_it_gets_what_is_not_its_own_only_without_the_check(self, account: Account) -> None:
        assert reason(account, probe("eni-a1", A1, C1)) is Reason.DESTINATION_CHECK
        self.check(account, False)
        verdict = judge(account.world(), probe("eni-a1", A1, C1))
        assert verdict == Verdict(True, "eni-box", A1, C1, False, None, Reason.NO_ANSWER)

    def test_it_does_not_come_between_two_hosts_of_a_subnet(self, account: Account) -> None:
        self.check(account, False)
        account.server("c2", "subnet-c", "10.0.3.31")
        account.route("subnet-c", "10.0.3.0/24", "eni-box")
        assert judge(account.world(), probe("eni-c1", C1, "10.0.3.31")).at == "eni-c2"
        assert judge(account.world(), probe("eni-a1", A1, C1)).at == "eni-box"

    def test_its_groups_and_its_subnets_acl_judge(self, account: Account) -> None:
        self.check(account, False)
        account.find("NetworkInterfaces", "NetworkInterfaceId", "eni-box")["Groups"] = [{"GroupId": "sg-closed"}]
        assert reason(account, probe("eni-a1", A1, C1)) is Reason.SG_INGRESS
        account.acl("subnet-m")
        assert reason(account, probe("eni-a1", A1, C1)) is Reason.NACL_IN

    def test_inside_its_own_subnet_no_acl_judges(self, account: Account) -> None:
        self.check(account, False)
        account.server("m1", "subnet-m", "10.0.9.10")
        account.route("subnet-m", "10.0.3.0/24", "eni-box")
        account.acl("subnet-m")
        assert judge(account.world(), probe("eni-m1", "10.0.9.10", C1)).at == "eni-box"
        assert reason(account, probe("eni-m1", "10.0.9.10", A1)) is Reason.NACL_OUT

    def test_references_hold_neither_way_through_a_middlebox(self, account: Account) -> None:
        self.check(account, False)
        account.group("sg-target")
        account.group("sg-to-target", egress=[permission("sg-target")])
        account.find("NetworkInterfaces", "NetworkInterfaceId", "eni-a1")["Groups"] = [{"GroupId": "sg-to-target"}]
        assert reason(account, probe("eni-a1", A1, C1)) is Reason.SG_EGRESS
        for eni in ("eni-c1", "eni-box"):
            account.find("NetworkInterfaces", "NetworkInterfaceId", eni)["Groups"] = [{"GroupId": "sg-target"}]
        assert reason(account, probe("eni-a1", A1, C1)) is Reason.SG_EGRESS
        table = account.find("RouteTables", "RouteTableId", "rtb-of-subnet-a")
        table["Routes"] = [route for route in table["Routes"] if "NetworkInterfaceId" not in route]
        assert reason(account, probe("eni-a1", A1, C1)) is Reason.SG_INGRESS

    def test_what_it_passes_on_for_a_network_behind_it_comes_back_to_it(self, account: Account) -> None:
        self.check(account, False)
        account.route("subnet-b", "192.168.7.0/24", "eni-box")
        verdict = judge(account.world(), probe("eni-box", "192.168.7.1", B1))
        assert verdict == Verdict(True, "eni-b1", "192.168.7.1", B1, True, B1, Reason.NONE)
        self.check(account, True)
        assert reason(account, probe("eni-box", "192.168.7.1", B1)) is Reason.SOURCE_CHECK

    def test_a_default_route_to_it_carries_packets_for_the_internet(self, account: Account) -> None:
        self.check(account, False)
        account.route("subnet-c", WORLD, "eni-box")
        verdict = judge(account.world(), probe("eni-c1", C1, HOST))
        assert (verdict.at, verdict.source, verdict.destination) == ("eni-box", C1, HOST)

    def test_a_stopped_one_is_a_blackhole(self, account: Account) -> None:
        self.check(account, False)
        account.instance("i-box", "stopped")
        account.route("subnet-a", "10.0.3.0/24", "eni-box", "blackhole")
        assert reason(account, probe("eni-a1", A1, C1)) is Reason.BLACKHOLE


class TestInternetGateway:
    def test_it_maps_one_to_one_and_keeps_the_clients_address(self, account: Account) -> None:
        inward = judge(account.world(), from_internet(PUBLIC))
        assert inward == Verdict(True, "eni-a1", HOST, A1, True, PUBLIC, Reason.NONE)
        outward = judge(account.world(), probe("eni-a1", A1, HOST))
        assert outward == Verdict(True, f"internet:{HOST}", PUBLIC, HOST, True, HOST, Reason.NONE)

    def test_without_a_public_address_nothing_goes_either_way(self, account: Account) -> None:
        assert reason(account, probe("eni-b1", B1, HOST)) is Reason.NO_PUBLIC_ADDRESS
        assert reason(account, from_internet(B1)) is Reason.NO_SUCH_ADDRESS
        assert reason(account, from_internet("198.18.0.99")) is Reason.NO_SUCH_ADDRESS

    def test_each_private_address_has_its_own(self, account: Account) -> None:
        account.server("a3", "subnet-a", "10.0.1.30", "10.0.1.31")
        account.elastic("198.18.0.2", "eni-a3", "10.0.1.31")
        assert judge(account.world(), from_internet("198.18.0.2")).destination == "10.0.1.31"
        assert judge(account.world(), probe("eni-a3", "10.0.1.31", HOST)).source == "198.18.0.2"
        assert reason(account, probe("eni-a3", "10.0.1.30", HOST)) is Reason.NO_PUBLIC_ADDRESS

    def test_an_automatic_address_works_like_an_elastic_one(self, account: Account) -> None:
        account.automatic("198.18.7.7", "eni-b1")
        assert judge(account.world(), from_internet("198.18.7.7")).answer_source == "198.18.7.7"
        assert judge(account.world(), probe("eni-b1", B1, HOST)).source == "198.18.7.7"

    @pytest.mark.parametrize("default", [None, "eni-b1"])
    def test_no_route_to_it_lets_packets_in_and_none_out(self, account: Account, default: str | None) -> None:
        account.elastic("198.18.0.3", "eni-c1")
        if default:
            account.route("subnet-c", WORLD, default)  # a default route to somewhere else
        verdict = judge(account.world(), from_internet("198.18.0.3"))
        lost = Reason.DESTINATION_CHECK if default else Reason.NO_ROUTE
        assert (verdict.arrives, verdict.at, verdict.answered, verdict.reason) == (True, "eni-c1", False, lost)
        assert reason(account, probe("eni-c1", C1, HOST)) is lost

    @pytest.mark.parametrize("private", ["10.77.0.1", "172.16.0.1", "172.31.255.1", "192.168.0.1", "100.64.0.1"])
    def test_it_refuses_private_and_shared_addresses(self, account: Account, private: str) -> None:
        assert reason(account, probe("eni-a1", A1, private)) is Reason.REFUSED_BY_IGW
        spoofed = probe(f"internet:{HOST}", private, PUBLIC)
        assert reason(account, spoofed) is Reason.REFUSED_BY_IGW

    def test_neighbours_of_private_ranges_are_public(self, account: Account) -> None:
        for public in ("172.32.0.1", "100.128.0.1", "11.0.0.1", "192.169.0.1"):
            assert reason(account, probe("eni-a1", A1, public)) is Reason.NO_SUCH_ADDRESS

    def test_it_translates_by_the_source_and_not_by_the_interface_that_sent(self, account: Account) -> None:
        account.find("NetworkInterfaces", "NetworkInterfaceId", "eni-a1")["SourceDestCheck"] = False
        assert reason(account, probe("eni-a1", B1, HOST)) is Reason.NO_PUBLIC_ADDRESS
        assert reason(account, probe("eni-a1", "10.0.9.9", HOST)) is Reason.NO_PUBLIC_ADDRESS
        assert reason(account, probe("eni-a1", "9.9.9.9", HOST)) is Reason.NO_PUBLIC_ADDRESS
        account.elastic("198.18.0.2", "eni-b1")
        passed_on = judge(account.world(), probe("eni-a1", B1, HOST))
        assert (passed_on.source, passed_on.answered, passed_on.reason) == ("198.18.0.2", False, Reason.ELSEWHERE)
        assert judge(account.world(), probe("eni-a1", A1, HOST)).answered

    def test_it_refuses_the_vpcs_own_addresses_from_outside(self) -> None:
        account = Account()
        account.vpc("vpc-1", "198.19.0.0/16")
        account.subnet("subnet-a", "198.19.1.0/24")
        account.group("sg-open", permission(WORLD))
        account.server("a1", "subnet-a", "198.19.1.10")
        account.elastic(PUBLIC, "eni-a1")
        assert reason(account, probe(f"internet:{HOST}", "198.19.1.11", PUBLIC)) is Reason.REFUSED_BY_IGW
        assert judge(account.world(), from_internet(PUBLIC)).answered

    def test_hairpin_to_another_instance(self, account: Account) -> None:
        account.server("a2", "subnet-a", A2)
        account.elastic("198.18.0.2", "eni-a2")
        verdict = judge(account.world(), probe("eni-a1", A1, "198.18.0.2"))
        assert verdict == Verdict(True, "eni-a2", PUBLIC, A2, True, "198.18.0.2", Reason.NONE)
        account.acl("subnet-a")  # it leaves the subnet and comes back
        assert reason(account, probe("eni-a1", A1, "198.18.0.2")) is Reason.NACL_OUT

    def test_hairpin_to_oneself(self, account: Account) -> None:
        verdict = judge(account.world(), probe("eni-a1", A1, PUBLIC))
        assert verdict == Verdict(True, "eni-a1", PUBLIC, A1, True, PUBLIC, Reason.NONE)
        account.group("sg-open", permission("10.0.0.0/8"))
        assert reason(account, probe("eni-a1", A1, PUBLIC)) is Reason.SG_INGRESS
        account.group("sg-open", permission(f"{PUBLIC}/32"))
        assert judge(account.world(), probe("eni-a1", A1, PUBLIC)).answered

    def test_hairpin_needs_a_public_address_and_a_route_of_the_sender(self, account: Account) -> None:
        assert reason(account, probe("eni-b1", B1, PUBLIC)) is Reason.NO_PUBLIC_ADDRESS
        assert reason(account, probe("eni-c1", C1, PUBLIC)) is Reason.NO_ROUTE

    def test_hosts_on_the_internet_reach_each_other_and_themselves(self, account: Account) -> None:
        assert judge(account.world(), from_internet(OTHER_HOST)).answered
        assert judge(account.world(), from_internet(HOST)).answered
        assert reason(account, from_internet("203.0.113.99")) is Reason.NO_SUCH_ADDRESS


class TestInterfacesAndInstances:
    def test_nobody_answers_at_an_interface_that_is_not_attached(self, account: Account) -> None:
        account.eni("eni-free", "subnet-a", "10.0.1.40")
        account.elastic("198.18.0.4", "eni-free")
        assert reason(account, probe("eni-a1", A1, "10.0.1.40")) is Reason.NOT_RUNNING
        assert reason(account, from_internet("198.18.0.4")) is Reason.NOT_RUNNING
        assert reason(account, probe("eni-free", "10.0.1.40", A1)) is Reason.NOT_RUNNING
        account.group("sg-open")
        assert reason(account, from_internet("198.18.0.4")) is Reason.NOT_RUNNING  # the gateway has nobody to map to
        account.group("sg-open", permission(WORLD))
        account.attach("eni-free", "i-a1")
        assert judge(account.world(), from_internet("198.18.0.4")).at == "eni-free"

    @pytest.mark.parametrize("state", ["pending", "stopping", "stopped", "shutting-down", "terminated"])
    def test_only_a_running_instance_sends_and_answers(self, account: Account, state: str) -> None:
        account.instance("i-a1", state)
        assert reason(account, from_internet(PUBLIC)) is Reason.NOT_RUNNING
        assert reason(account, probe("eni-a1", A1, B1)) is Reason.NOT_RUNNING
        account.instance("i-a1")
        assert judge(account.world(), from_internet(PUBLIC)).answered

    def test_a_second_interface_in_the_subnet_answers_for_itself(self, account: Account) -> None:
        account.group("sg-2")
        account.eni("eni-second", "subnet-a", "10.0.1.50", groups=["sg-2"])
        account.elastic("198.18.0.5", "eni-second")
        account.attach("eni-second", "i-a1")
        assert judge(account.world(), from_internet(PUBLIC)).answered
        assert reason(account, from_internet("198.18.0.5")) is Reason.SG_INGRESS  # silence, each has its own groups
        account.group("sg-2", permission(WORLD))
        assert judge(account.world(), from_internet("198.18.0.5")).answer_source == "198.18.0.5"

    def test_the_interfaces_of_one_instance_reach_each_other_inside_it(self, account: Account) -> None:
        account.eni("eni-second", "subnet-b", "10.0.2.50", groups=["sg-closed"])
        account.attach("eni-second", "i-a1")
        verdict = judge(account.world(), probe("eni-a1", A1, "10.0.2.50"))
        assert verdict == Verdict(True, "eni-second", A1, "10.0.2.50", True, "10.0.2.50", Reason.NONE)
        assert reason(account, probe("eni-b1", B1, "10.0.2.50")) is Reason.SG_INGRESS

    def test_an_interface_that_moves_takes_its_addresses_along(self, account: Account) -> None:
        account.eni("eni-second", "subnet-a", "10.0.1.50")
        account.elastic("198.18.0.5", "eni-second")
        account.attach("eni-second", "i-a1")
        account.instance("i-b1", "stopped")
        assert judge(account.world(), from_internet("198.18.0.5")).answered
        account.attach("eni-second", "i-b1", "eni-attach-new")
        assert reason(account, from_internet("198.18.0.5")) is Reason.NOT_RUNNING
        account.instance("i-b1")
        assert judge(account.world(), from_internet("198.18.0.5")).answered

    def test_an_attachment_counts_once_it_is_attached(self, account: Account) -> None:
        interface = account.find("NetworkInterfaces", "NetworkInterfaceId", "eni-a1")
        interface["Attachment"]["Status"] = "detaching"
        assert reason(account, from_internet(PUBLIC)) is Reason.NOT_RUNNING


def test_services_that_filters_do_not_touch_are_refused(account: Account) -> None:
    for service in (probe("eni-a1", A1, "169.254.169.254"), probe("eni-a1", A1, "10.0.0.2", 53, "udp")):
        with pytest.raises(UnsupportedError):
            judge(account.world(), service)
    assert reason(account, probe("eni-a1", A1, "10.0.0.2", 80)) is Reason.NO_SUCH_ADDRESS


def test_a_place_that_does_not_exist_is_the_callers_mistake(account: Account) -> None:
    with pytest.raises(ValueError, match=r"internet:203\.0\.113\.99"):
        judge(account.world(), probe("internet:203.0.113.99", "203.0.113.99", PUBLIC))
    with pytest.raises(KeyError):
        judge(account.world(), probe("eni-none", A1, PUBLIC))
