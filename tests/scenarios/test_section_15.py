"""The expected outcomes of aws-behaviour.md section 15 that need no NAT gateway and no load balancer, in real packets.

What happens on a packet's way is in test_paths.py, NAT gateways in test_nat_gateways.py; docs/outcomes.md has all rows.

Silence and refusal are told apart; each denied probe has a canary that must arrive at the same guest.
"""

import pytest

from tests.scenarios.places import CLIENT, OTHER, PORT, Place, from_group, new_account, refused, tcp

pytestmark = pytest.mark.kernel


def test_no_inbound_rule_is_silence_and_no_server_is_a_refusal(place: Place) -> None:
    closed = place.launch(place.group("closed"))
    opened = place.launch(place.group("opened", tcp(PORT, "0.0.0.0/0"), tcp(81, "0.0.0.0/0")))
    public = place.public_ip(closed)
    assert place.denied(CLIENT, public, canary=(OTHER, public))
    assert place.opening(CLIENT, place.public_ip(opened)) == "connected"
    assert place.opening(CLIENT, place.public_ip(opened), 81) == "refused"


def test_a_tracked_session_outlives_its_rule(place: Place) -> None:
    rule = tcp(PORT, f"{CLIENT}/32")
    group = place.group("web", rule)
    server = place.launch(group)
    public = place.public_ip(server)
    with place.talk(CLIENT, public) as session:
        assert session.opening == "connected"
        place.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[rule])
        assert session.say() == f"{CLIENT} {place.private_ip(server)}"
        assert place.denied(CLIENT, public, canary=(OTHER, public))
        assert session.say() == f"{CLIENT} {place.private_ip(server)}"


def test_an_untracked_session_is_cut_with_its_rule(place: Place) -> None:
    rule = tcp(PORT, "0.0.0.0/0")
    group = place.group("web", rule)
    server = place.launch(group)
    with place.talk(CLIENT, place.public_ip(server)) as session:
        assert session.say() == f"{CLIENT} {place.private_ip(server)}"
        place.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[rule])
        assert session.say() == "silent"
    assert place.denied(CLIENT, place.public_ip(server), canary=(OTHER, place.public_ip(server)))


def test_a_public_subnet_without_a_public_address_has_no_internet(place: Place) -> None:
    inside = place.launch(place.group("web", tcp(PORT, "0.0.0.0/0")), public=False)
    neighbour = place.launch(place.group("neighbour"))
    assert place.public_ip(inside) is None
    assert place.opening(inside, CLIENT) == "silent"
    assert place.opening(neighbour, CLIENT) == "refused"
    assert place.opening(neighbour, place.private_ip(inside)) == "connected"
    assert place.denied(CLIENT, place.private_ip(inside), canary=(neighbour, place.private_ip(inside)))


def test_without_a_route_to_the_gateway_packets_come_in_and_no_answer_leaves(place: Place) -> None:
    server = place.launch(place.group("web", tcp(PORT, "0.0.0.0/0")))
    neighbour = place.launch(place.group("neighbour"))
    public = place.public_ip(server)
    assert place.opening(CLIENT, public) == "connected"
    place.ec2.delete_route(RouteTableId=place.table, DestinationCidrBlock="0.0.0.0/0")
    assert place.denied(CLIENT, public, canary=(neighbour, place.private_ip(server)))
    traced = place.atoll.run("trace", f"internet:{CLIENT}", f"{public}:{PORT}")
    assert f"arrived at {place.eth0(server)}" in traced.out
    assert "no answer came back" in traced.out
    assert traced.status == 1


def test_a_gateway_that_is_gone_leaves_a_blackhole(place: Place) -> None:
    server = place.launch(place.group("web", tcp(PORT, "0.0.0.0/0")))
    neighbour = place.launch(place.group("neighbour"), public=False)
    attached = {"InternetGatewayId": place.gateway, "VpcId": place.vpc}
    public = place.public_ip(server)
    assert refused(place.ec2.detach_internet_gateway, **attached) == "DependencyViolation"
    place.ec2.stop_instances(InstanceIds=[server])
    place.ec2.get_waiter("instance_stopped").wait(InstanceIds=[server])
    place.ec2.detach_internet_gateway(**attached)
    routes = place.ec2.describe_route_tables(RouteTableIds=[place.table])["RouteTables"][0]["Routes"]
    assert {route["State"] for route in routes if route.get("GatewayId") == place.gateway} == {"blackhole"}
    place.ec2.start_instances(InstanceIds=[server])
    place.ec2.get_waiter("instance_running").wait(InstanceIds=[server])
    assert place.opening(server, CLIENT) == "silent"
    assert place.opening(CLIENT, public) == "silent"
    assert place.opening(server, place.private_ip(neighbour), 7) == "connected"


def test_an_elastic_ip_takes_the_automatic_addresss_place_and_stays(place: Place) -> None:
    server = place.launch(place.group("web", tcp(PORT, "0.0.0.0/0")))
    automatic = place.public_ip(server)
    made = place.ec2.allocate_address(Domain="vpc")
    place.ec2.associate_address(AllocationId=made["AllocationId"], InstanceId=server)
    assert place.public_ip(server) == made["PublicIp"]
    assert place.opening(CLIENT, made["PublicIp"]) == "connected"
    assert place.denied(CLIENT, automatic, canary=(OTHER, made["PublicIp"]))
    with place.talk(CLIENT, made["PublicIp"]) as session:
        assert session.say() == f"{CLIENT} {place.private_ip(server)}"


def test_only_the_web_group_reaches_the_database(place: Place) -> None:
    web_group = place.group("web")
    database_group = place.group("database", from_group(PORT, web_group))
    database = place.launch(database_group)
    web, stranger = place.launch(web_group), place.launch(place.group("stranger"))
    private, public = place.private_ip(database), place.public_ip(database)
    assert place.opening(web, private) == "connected"
    assert place.denied(stranger, private, canary=(stranger, private))
    assert place.denied(web, public, canary=(OTHER, public)), "a way over public addresses is no membership"


def test_a_group_may_reference_itself(place: Place) -> None:
    group = place.group("peers")
    place.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[from_group(PORT, group)])
    one, two = place.launch(group), place.launch(group)
    assert place.opening(one, place.private_ip(two)) == "connected"
    stranger = place.launch(place.group("stranger"))
    assert place.denied(stranger, place.private_ip(two), canary=(stranger, place.private_ip(two)))


def test_two_subnets_reach_one_another_by_the_local_route(place: Place) -> None:
    far = place.launch(place.group("far", tcp(PORT, "10.0.1.0/24")), subnet=place.new_subnet("10.0.2.0/24"))
    near = place.launch(place.group("near"))
    with place.talk(near, place.private_ip(far)) as session:
        assert session.say() == f"{place.private_ip(near)} {place.private_ip(far)}"


def test_hairpin_over_the_public_address_is_seen_as_public(place: Place) -> None:
    group = place.group("web", tcp(PORT, "0.0.0.0/0"))
    one, two = place.launch(group), place.launch(group)
    with place.talk(one, place.public_ip(two)) as session:
        assert session.say() == f"{place.public_ip(one)} {place.private_ip(two)}"


def test_a_moved_interface_answers_from_its_new_host_at_both_addresses(place: Place) -> None:
    group = place.group("web", tcp(PORT, "0.0.0.0/0"))
    one, two = place.launch(group), place.launch(group)
    client = place.launch(place.group("client"))
    moving = place.ec2.create_network_interface(SubnetId=place.subnet, Groups=[group])["NetworkInterface"]
    made = place.ec2.allocate_address(Domain="vpc")
    named = {"NetworkInterfaceId": moving["NetworkInterfaceId"]}
    place.ec2.associate_address(AllocationId=made["AllocationId"], **named)
    for host in (one, two):
        attachment = place.ec2.attach_network_interface(InstanceId=host, DeviceIndex=1, **named)["AttachmentId"]
        mark = f"echo {host} > /root/host"
        assert place.atoll.run("exec", host, "--", "sh", "-c", mark).status == 0
        for source, address in ((CLIENT, made["PublicIp"]), (client, moving["PrivateIpAddress"])):
            with place.talk(source, address) as session:
                assert session.say().split()[1] == moving["PrivateIpAddress"]
        links = place.atoll.run("exec", host, "--", "cat", "/sys/class/net/eth1/address")
        assert links.out.strip() == moving["MacAddress"]
        place.ec2.detach_network_interface(AttachmentId=attachment)
        assert place.opening(CLIENT, made["PublicIp"]) == "silent"


def test_a_private_address_answers_only_inside_its_own_vpc(place: Place) -> None:
    """Two VPCs of one block side by side: each sees its own, and the internet sees neither's private addresses."""
    server = place.launch(place.group("web", tcp(PORT, "0.0.0.0/0")))
    private = place.private_ip(server)
    twin = Place(place.atoll, new_account())
    group = twin.group("web", tcp(PORT, "0.0.0.0/0"))
    here = twin.launch(group)
    assert twin.opening(here, private) != "connected"
    network = {"DeviceIndex": 0, "SubnetId": twin.subnet, "Groups": [group], "PrivateIpAddress": private}
    made = twin.ec2.run_instances(
        ImageId="ami-12c6146b", InstanceType="t2.micro", MinCount=1, MaxCount=1, NetworkInterfaces=[network]
    )["Instances"][0]["InstanceId"]
    twin.ec2.get_waiter("instance_running").wait(InstanceIds=[made])
    assert twin.opening(here, private) == "refused", "the twin at that address has no server"
    assert place.denied(CLIENT, private, canary=(OTHER, place.public_ip(server)))
    twin.ec2.terminate_instances(InstanceIds=[here, made])


def test_a_stop_and_a_start_change_the_automatic_address_and_keep_an_elastic_one(place: Place) -> None:
    automatic, elastic = (place.launch(place.group(name, tcp(PORT, "0.0.0.0/0"))) for name in ("one", "two"))
    made = place.ec2.allocate_address(Domain="vpc")
    place.ec2.associate_address(AllocationId=made["AllocationId"], InstanceId=elastic)
    before = place.public_ip(automatic)
    both = [automatic, elastic]
    place.ec2.stop_instances(InstanceIds=both)
    place.ec2.get_waiter("instance_stopped").wait(InstanceIds=both)
    assert (place.public_ip(automatic), place.public_ip(elastic)) == (None, made["PublicIp"])
    assert place.opening(CLIENT, before) == place.opening(CLIENT, made["PublicIp"]) == "silent"
    place.ec2.start_instances(InstanceIds=both)
    place.ec2.get_waiter("instance_running").wait(InstanceIds=both)
    assert place.public_ip(automatic) not in (None, before)
    assert place.opening(CLIENT, before) == "silent"
    for now in (place.public_ip(automatic), made["PublicIp"]):  # user data, which starts the server, is run once
        assert place.opening(CLIENT, now) == "refused"


def test_a_taken_elastic_ip_moves_unless_that_is_forbidden(place: Place) -> None:
    group = place.group("web", tcp(PORT, "0.0.0.0/0"))
    one, two = (place.launch(group, public=False) for _ in range(2))
    made = place.ec2.allocate_address(Domain="vpc")
    named = {"AllocationId": made["AllocationId"]}
    place.ec2.associate_address(InstanceId=one, **named)
    again = {"InstanceId": two, "AllowReassociation": False, **named}
    assert refused(place.ec2.associate_address, **again) == "Resource.AlreadyAssociated"
    for holder in (one, two):
        place.ec2.associate_address(InstanceId=holder, **named)
        with place.talk(CLIENT, made["PublicIp"]) as session:
            assert session.say() == f"{CLIENT} {place.private_ip(holder)}"


def test_what_the_api_refuses(place: Place) -> None:
    """The rows without packets: zones, quotas and what stands in the way of a deletion."""
    ec2 = place.ec2
    server = place.launch(place.group("web"))
    far = ec2.create_subnet(VpcId=place.vpc, CidrBlock="10.0.2.0/24", AvailabilityZone="us-east-1b")["Subnet"]
    eni = ec2.create_network_interface(SubnetId=far["SubnetId"])["NetworkInterface"]["NetworkInterfaceId"]
    across = {"NetworkInterfaceId": eni, "InstanceId": server, "DeviceIndex": 1}
    assert refused(ec2.attach_network_interface, **across) == "InvalidParameterCombination"
    assert refused(ec2.delete_subnet, SubnetId=far["SubnetId"]) == "DependencyViolation"
    assert refused(ec2.delete_vpc, VpcId=place.vpc) == "DependencyViolation"
    group = ec2.create_security_group(GroupName="full", Description="d", VpcId=place.vpc)["GroupId"]
    rules = {"GroupId": group, "IpPermissions": [tcp(port, "0.0.0.0/0") for port in range(1, 61)]}
    ec2.authorize_security_group_ingress(**rules)
    one_more = {"GroupId": group, "IpPermissions": [tcp(61, "0.0.0.0/0")]}
    assert refused(ec2.authorize_security_group_ingress, **one_more) == "RulesPerSecurityGroupLimitExceeded"
    groups = [place.group(f"g{number}") for number in range(6)]
    worn = {"NetworkInterfaceId": eni, "Groups": groups}
    assert refused(ec2.modify_network_interface_attribute, **worn) == "SecurityGroupsPerInterfaceLimitExceeded"
    for _ in range(5 - len(ec2.describe_vpcs()["Vpcs"])):
        ec2.create_vpc(CidrBlock="10.1.0.0/16")
    assert refused(ec2.create_vpc, CidrBlock="10.1.0.0/16") == "VpcLimitExceeded"
