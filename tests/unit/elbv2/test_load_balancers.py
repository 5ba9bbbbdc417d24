"""Network load balancers through boto3: made, shown, the same again, refused, deleted; their nodes' ENIs."""

import re
from typing import Any

import pytest

from atoll.model.tx import Settings
from tests.support.expect import named, refused
from tests.support.inprocess import ACCOUNT, InProcess
from tests.support.lab import look
from tests.unit.elbv2.front import Front


def test_it_is_provisioned_and_then_active(front: Front) -> None:
    made = front.elb.create_load_balancer(
        Name="front",
        Type="network",
        Subnets=[front.lab.subnet, front.lab.other_zone],
        Tags=[{"Key": "Name", "Value": "x"}],
    )["LoadBalancers"][0]
    assert made["State"] == {"Code": "provisioning"}
    arn = made["LoadBalancerArn"]
    shape = r"arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/front/([0-9a-f]{16})"
    found = re.fullmatch(shape, arn)
    assert found is not None, arn
    assert made["DNSName"] == f"front-{found[1]}.elb.us-east-1.amazonaws.com"
    assert (made["Type"], made["Scheme"], made["IpAddressType"]) == ("network", "internet-facing", "ipv4")
    assert (made["VpcId"], made["CanonicalHostedZoneId"]) == (front.lab.vpc, "Z26RNL4JYFTOTI")
    assert made["AvailabilityZones"] == [
        {"ZoneName": "us-east-1a", "SubnetId": front.lab.subnet, "LoadBalancerAddresses": []},
        {"ZoneName": "us-east-1b", "SubnetId": front.lab.other_zone, "LoadBalancerAddresses": []},
    ]
    assert "SecurityGroups" not in made
    look(front.cloud)
    front.elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[arn], WaiterConfig={"MaxAttempts": 1})
    assert front.shown(arn) == {**made, "State": {"Code": "active"}}
    tags = front.elb.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    assert tags == [{"ResourceArn": arn, "Tags": [{"Key": "Name", "Value": "x"}]}]


def test_its_interfaces_are_aws_own_and_nobody_elses_to_change(front: Front) -> None:
    arn = front.active(Subnets=[front.lab.subnet, front.lab.other_zone])
    first, second = front.enis(arn)
    assert first["Description"] == "ELB " + arn.partition(":loadbalancer/")[2]
    assert (first["InterfaceType"], first["RequesterManaged"], first["RequesterId"]) == (
        "network_load_balancer",
        True,
        "amazon-elb",
    )
    assert (first["SubnetId"], second["SubnetId"]) == (front.lab.subnet, front.lab.other_zone)
    assert (first["SourceDestCheck"], first["Status"], first["Groups"], first["OwnerId"]) == (
        False,
        "in-use",
        [],
        ACCOUNT,
    )
    assert first["Association"]["PublicIp"].startswith("198.18.")
    assert first["Association"]["PublicIp"] != second["Association"]["PublicIp"]
    eni = {"NetworkInterfaceId": first["NetworkInterfaceId"]}
    refused("InvalidParameterValue", front.ec2.delete_network_interface, **eni)
    refused("AuthFailure", front.ec2.modify_network_interface_attribute, Description={"Value": "mine"}, **eni)
    refused("AuthFailure", front.ec2.assign_private_ip_addresses, SecondaryPrivateIpAddressCount=1, **eni)
    refused("DependencyViolation", front.ec2.delete_subnet, SubnetId=front.lab.subnet)
    refused(
        "DependencyViolation",
        front.ec2.detach_internet_gateway,
        InternetGatewayId=front.lab.gateway,
        VpcId=front.lab.vpc,
    )


def test_elastic_ips_of_the_mappings_are_its_own_until_it_goes(front: Front) -> None:
    allocation, ip = front.lab.elastic_ip()
    arn = front.active(SubnetMappings=[{"SubnetId": front.lab.subnet, "AllocationId": allocation}])
    (zone,) = front.shown(arn)["AvailabilityZones"]
    assert zone["LoadBalancerAddresses"] == [{"IpAddress": ip, "AllocationId": allocation}]
    (eni,) = front.enis(arn)
    assert eni["Association"]["AllocationId"] == allocation
    elastic = front.lab.address(allocation)
    refused("AuthFailure", front.ec2.disassociate_address, AssociationId=elastic["AssociationId"])
    refused("InvalidIPAddress.InUse", front.ec2.release_address, AllocationId=allocation)
    mapping = [{"SubnetId": front.lab.other_zone, "AllocationId": allocation}]
    assert "not available for use" in refused(
        "ResourceInUse", front.elb.create_load_balancer, Name="two", Type="network", SubnetMappings=mapping
    )
    gone = [{"SubnetId": front.lab.subnet, "AllocationId": "eipalloc-0123456789abcdef0"}]
    refused("AllocationIdNotFound", front.elb.create_load_balancer, Name="two", Type="network", SubnetMappings=gone)
    front.elb.delete_load_balancer(LoadBalancerArn=arn)
    assert "AssociationId" not in front.lab.address(allocation)
    front.ec2.release_address(AllocationId=allocation)


def test_an_internal_one_has_private_addresses_alone(front: Front) -> None:
    mapping = [{"SubnetId": front.lab.subnet, "PrivateIPv4Address": "10.0.1.77"}]
    arn = front.active(SubnetMappings=mapping, Scheme="internal")
    (eni,) = front.enis(arn)
    assert eni["PrivateIpAddress"] == "10.0.1.77"
    assert "Association" not in eni
    shown = front.shown(arn)
    assert shown["Scheme"] == "internal"
    assert shown["AvailabilityZones"][0]["LoadBalancerAddresses"] == [{"PrivateIPv4Address": "10.0.1.77"}]
    create = front.elb.create_load_balancer
    taken = [{"SubnetId": front.lab.subnet, "PrivateIPv4Address": "10.0.1.77"}]
    refused("InvalidConfigurationRequest", create, Name="b", Type="network", Scheme="internal", SubnetMappings=taken)
    refused("InvalidConfigurationRequest", create, Name="b", Type="network", SubnetMappings=mapping)
    elastic = [{"SubnetId": front.lab.subnet, "AllocationId": front.lab.elastic_ip()[0]}]
    refused("InvalidConfigurationRequest", create, Name="b", Type="network", Scheme="internal", SubnetMappings=elastic)


def test_the_same_again_is_the_one_that_there_is(front: Front) -> None:
    both = [front.lab.subnet, front.lab.other_zone]
    arn = front.active(Subnets=both)
    assert front.create(Subnets=both[::-1]) == arn
    for other in ({"Subnets": both[:1]}, {"Subnets": both, "Scheme": "internal"}):
        told = refused(
            "DuplicateLoadBalancerName", front.elb.create_load_balancer, Name="front", Type="network", **other
        )
        assert told == "A load balancer with the same name 'front' exists, but with different settings"
    assert len(front.elb.describe_load_balancers()["LoadBalancers"]) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x" * 33, "cannot be longer"),
        ("a_b", "alphanumeric"),
        ("-a", "begin or end"),
        ("a-", "begin or end"),
        ("internal-a", "internal-"),
    ],
)
def test_names(front: Front, name: str, words: str) -> None:
    create = front.elb.create_load_balancer
    assert words in refused("ValidationError", create, Name=name, Type="network", Subnets=[front.lab.subnet])


def test_subnets(front: Front) -> None:
    lab = front.lab
    create: Any = lambda **params: front.elb.create_load_balancer(Name="a", Type="network", **params)  # noqa: E731
    refused("ValidationError", create)
    refused("ValidationError", create, Subnets=[lab.subnet], SubnetMappings=[{"SubnetId": lab.subnet}])
    refused("SubnetNotFound", create, Subnets=["subnet-0123456789abcdef0"])
    twice = lab.make_subnet("10.0.5.0/24")
    told = refused("InvalidConfigurationRequest", create, Subnets=[lab.subnet, twice])
    assert told == "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
    tiny = lab.make_subnet("10.0.6.0/28")
    for _ in range(4):
        lab.interface(tiny)
    told = refused("InvalidSubnet", create, Subnets=[tiny])
    assert told.startswith(f"Not enough IP space available in {tiny}. ELB requires at least 8 free IP addresses")
    other = front.ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    far = front.ec2.create_subnet(VpcId=other, CidrBlock="10.7.1.0/24", AvailabilityZone="us-east-1b")
    far_id = far["Subnet"]["SubnetId"]
    refused("InvalidConfigurationRequest", create, Subnets=[lab.subnet, far_id])
    assert refused("InvalidSubnet", create, Subnets=[far_id]) == f"VPC {other} has no internet gateway"
    create(Subnets=[far_id], Scheme="internal")


def test_what_is_not_built_says_so(front: Front) -> None:
    create = front.elb.create_load_balancer
    subnets = [front.lab.subnet]
    assert "type application" in refused("UnsupportedOperation", create, Name="a", Subnets=subnets)
    assert "type gateway" in refused("UnsupportedOperation", create, Name="a", Subnets=subnets, Type="gateway")
    refused("UnsupportedOperation", create, Name="a", Subnets=subnets, Type="network", IpAddressType="dualstack")
    mapping = [{"SubnetId": front.lab.subnet, "IPv6Address": "fd00::1"}]
    refused("UnsupportedOperation", create, Name="a", Type="network", SubnetMappings=mapping)
    refused("UnsupportedOperation", create, Name="a", Type="network", Subnets=subnets, CustomerOwnedIpv4Pool="x")
    refused(
        "UnsupportedOperation", create, Name="a", Type="network", Subnets=subnets, EnablePrefixForIpv6SourceNat="on"
    )
    refused("ValidationError", create, Name="a", Type="classic", Subnets=subnets)
    refused("ValidationError", create, Name="a", Type="network", Subnets=subnets, Scheme="public")


def test_deleting(front: Front) -> None:
    arn = front.active()
    group = front.group()
    listener = front.listener(arn, group)
    protect: Any = lambda value: front.elb.modify_load_balancer_attributes(  # noqa: E731
        LoadBalancerArn=arn, Attributes=[{"Key": "deletion_protection.enabled", "Value": value}]
    )
    protect("true")
    told = refused("OperationNotPermitted", front.elb.delete_load_balancer, LoadBalancerArn=arn)
    assert told == f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
    protect("false")
    refused("ResourceInUse", front.elb.delete_target_group, TargetGroupArn=group)
    front.elb.delete_load_balancer(LoadBalancerArn=arn)
    front.elb.get_waiter("load_balancers_deleted").wait(LoadBalancerArns=[arn], WaiterConfig={"MaxAttempts": 1})
    refused("ListenerNotFound", front.elb.describe_listeners, ListenerArns=[listener])
    assert front.enis(arn) == []
    front.elb.delete_target_group(TargetGroupArn=group)
    front.elb.delete_target_group(TargetGroupArn=group)
    front.elb.delete_load_balancer(LoadBalancerArn=arn)
    front.ec2.detach_internet_gateway(InternetGatewayId=front.lab.gateway, VpcId=front.lab.vpc)


def test_describing(front: Front) -> None:
    arns = [front.active(name) for name in ("a", "b", "c")]
    describe = front.elb.describe_load_balancers
    pages = front.elb.get_paginator("describe_load_balancers").paginate(PaginationConfig={"PageSize": 2})
    assert [[one["LoadBalancerName"] for one in page["LoadBalancers"]] for page in pages] == [["a", "b"], ["c"]]
    assert [one["LoadBalancerArn"] for one in describe(Names=["b"])["LoadBalancers"]] == [arns[1]]
    refused("LoadBalancerNotFound", describe, Names=["d"])
    refused("LoadBalancerNotFound", describe, LoadBalancerArns=[arns[0] + "0"])
    refused("ValidationError", describe, LoadBalancerArns=["front"])
    refused("ValidationError", describe, LoadBalancerArns=[front.group()])
    refused("ValidationError", describe, Names=["a"], LoadBalancerArns=arns[:1])
    refused("ValidationError", describe, PageSize=401)
    refused("ValidationError", describe, Marker="x")
    assert front.cloud.client("elbv2", region="eu-west-1").describe_load_balancers()["LoadBalancers"] == []


def test_groups_only_where_it_was_created_with_some(front: Front) -> None:
    bare = front.active("bare")
    web, other = front.lab.group("web"), front.lab.group("other")
    told = refused(
        "InvalidConfigurationRequest", front.elb.set_security_groups, LoadBalancerArn=bare, SecurityGroups=[web]
    )
    assert told.startswith("You cannot set security groups on a Network Load Balancer which was created without")
    arn = front.active(SecurityGroups=[web])
    assert front.shown(arn)["SecurityGroups"] == [web]
    assert front.shown(arn)["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "on"
    assert [one["GroupId"] for one in front.enis(arn)[0]["Groups"]] == [web]
    refused("DependencyViolation", front.ec2.delete_security_group, GroupId=web)
    set_ = front.elb.set_security_groups(
        LoadBalancerArn=arn, SecurityGroups=[other], EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic="off"
    )
    assert set_["SecurityGroupIds"] == [other]
    assert front.shown(arn)["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "off"
    assert [one["GroupId"] for one in front.enis(arn)[0]["Groups"]] == [other]
    front.ec2.delete_security_group(GroupId=web)
    refused("InvalidConfigurationRequest", front.elb.set_security_groups, LoadBalancerArn=arn, SecurityGroups=[])
    refused("InvalidSecurityGroup", front.elb.set_security_groups, LoadBalancerArn=arn, SecurityGroups=[web])
    refused(
        "InvalidSecurityGroup",
        front.elb.create_load_balancer,
        Name="x",
        Type="network",
        Subnets=[front.lab.subnet],
        SecurityGroups=["sg-0123456789abcdef0"],
    )


def test_zones_come_and_go(front: Front) -> None:
    arn = front.active()
    (before,) = front.enis(arn)
    both = [front.lab.subnet, front.lab.other_zone]
    answer = front.elb.set_subnets(LoadBalancerArn=arn, Subnets=both)
    assert [one["SubnetId"] for one in answer["AvailabilityZones"]] == both
    first, second = front.enis(arn)
    assert first == before
    another = front.lab.make_subnet("10.0.7.0/24")
    refused("InvalidConfigurationRequest", front.elb.set_subnets, LoadBalancerArn=arn, Subnets=[another])
    allocation, _ = front.lab.elastic_ip()
    fixed = [{"SubnetId": front.lab.subnet, "AllocationId": allocation}]
    refused("InvalidConfigurationRequest", front.elb.set_subnets, LoadBalancerArn=arn, SubnetMappings=fixed)
    front.elb.set_subnets(LoadBalancerArn=arn, Subnets=both[1:])
    assert [one["NetworkInterfaceId"] for one in front.enis(arn)] == [second["NetworkInterfaceId"]]
    refused("ValidationError", front.elb.set_subnets, LoadBalancerArn=arn)
    assert front.elb.set_ip_address_type(LoadBalancerArn=arn, IpAddressType="ipv4")["IpAddressType"] == "ipv4"
    refused("UnsupportedOperation", front.elb.set_ip_address_type, LoadBalancerArn=arn, IpAddressType="dualstack")


def test_limits() -> None:
    few = Front(InProcess(settings=Settings(limits={"network-load-balancers-per-region": 1}, default_vpc=False)))
    few.create("a")
    refused("TooManyLoadBalancers", few.elb.create_load_balancer, Name="b", Type="network", Subnets=[few.lab.subnet])
    limits = {one["Name"]: one["Max"] for one in few.elb.describe_account_limits()["Limits"]}
    assert limits == {
        "target-groups": "3000",
        "targets-per-target-group": "1000",
        "network-load-balancers": "1",
        "listeners-per-network-load-balancer": "50",
    }
    assert len(few.elb.describe_account_limits(PageSize=3)["Limits"]) == 3


def test_tags(front: Front) -> None:
    arn, group = front.create(), front.group()
    listener = front.listener(arn, group, Tags=[{"Key": "l", "Value": "1"}])
    all_of_them = [arn, group, listener]
    front.elb.add_tags(ResourceArns=all_of_them, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b"}])
    front.elb.add_tags(ResourceArns=[arn], Tags=[{"Key": "a", "Value": "2"}])
    front.elb.remove_tags(ResourceArns=all_of_them, TagKeys=["b", "never"])
    found = front.elb.describe_tags(ResourceArns=all_of_them)["TagDescriptions"]
    assert [{one["Key"]: one["Value"] for one in entry["Tags"]} for entry in found] == [
        {"a": "2"},
        {"a": "1"},
        {"l": "1", "a": "1"},
    ]
    add = front.elb.add_tags
    refused("DuplicateTagKeys", add, ResourceArns=[arn], Tags=[{"Key": "x"}, {"Key": "x"}])
    refused("TooManyTags", add, ResourceArns=[arn], Tags=[{"Key": f"k{number}"} for number in range(51)])
    refused("ValidationError", add, ResourceArns=[arn], Tags=[{"Key": "aws:x"}])
    refused("ValidationError", add, ResourceArns=[arn], Tags=[{"Key": "x" * 129}])
    refused("ValidationError", add, ResourceArns=[arn], Tags=[{"Key": "x", "Value": "x" * 257}])
    refused("ValidationError", add, ResourceArns=["x"], Tags=[{"Key": "x"}])
    refused("ValidationError", front.elb.describe_tags, ResourceArns=[arn + str(number) for number in range(21)])
    refused("TargetGroupNotFound", front.elb.describe_tags, ResourceArns=[group + "0"])
    rule = listener.replace(":listener/", ":listener-rule/") + "/x"
    refused("RuleNotFound", front.elb.describe_tags, ResourceArns=[rule])
    store = "arn:aws:elasticloadbalancing:us-east-1:123456789012:truststore/x/y"
    refused("TrustStoreNotFound", front.elb.describe_tags, ResourceArns=[store])


def test_filters_of_its_interfaces(front: Front) -> None:
    arn = front.active()
    (eni,) = front.enis(arn)
    for one in (named("interface-type", "network_load_balancer"), named("requester-id", "amazon-elb")):
        found = front.ec2.describe_network_interfaces(Filters=one)["NetworkInterfaces"]
        assert [one["NetworkInterfaceId"] for one in found] == [eni["NetworkInterfaceId"]]
