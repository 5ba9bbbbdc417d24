"""Terraform adopts what AWS has made: aws_default_security_group, _network_acl, _route_table, _vpc and _subnet.

hashicorp/terraform-provider-aws, internal/service/ec2/, at the commits named beside the tests.
"""

from typing import Any

from tests.first_hour.account import ZONE, Account, only
from tests.support.expect import filters, named, refused


def default_group(account: Account, vpc: str) -> dict[str, Any]:
    asked = [*named("group-name", "default"), *named("vpc-id", vpc)]
    return dict(only(account.ec2.describe_security_groups(Filters=asked)["SecurityGroups"]))


def test_the_default_group_is_emptied_rule_by_rule(account: Account) -> None:
    """vpc_default_security_group.go@01f431114674: found by name, its rules revoked by id (forceRevokeSecurityGroupRules
    in vpc_security_group.go@01606926a0c0), then what the configuration names authorised."""
    ec2, vpc = account.ec2, account.vpc()
    group = default_group(account, vpc)["GroupId"]
    ec2.create_tags(Resources=[group], Tags=[{"Key": "Name", "Value": "closed"}])
    rules = ec2.describe_security_group_rules(Filters=named("group-id", group))["SecurityGroupRules"]
    assert sorted(rule["IsEgress"] for rule in rules) == [False, True]
    for rule in rules:
        assert rule["GroupId"] == group
        revoke = ec2.revoke_security_group_egress if rule["IsEgress"] else ec2.revoke_security_group_ingress
        revoke(GroupId=group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
        refused(
            "InvalidSecurityGroupRuleId.NotFound",
            revoke,
            GroupId=group,
            SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]],
        )
    emptied = default_group(account, vpc)
    assert (emptied["IpPermissions"], emptied["IpPermissionsEgress"]) == ([], [])
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[everything])
    itself = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[itself])
    kept = default_group(account, vpc)
    assert only(only(kept["IpPermissions"])["UserIdGroupPairs"])["GroupId"] == group
    assert only(kept["IpPermissionsEgress"])["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]
    assert kept["Tags"] == [{"Key": "Name", "Value": "closed"}]
    ec2.delete_vpc(VpcId=vpc)  # the resource's own destroy does nothing: the group goes with its VPC
    assert ec2.describe_security_groups(Filters=filters(group_id=group))["SecurityGroups"] == []


def test_the_default_acl_is_emptied_but_for_its_last_rules(account: Account) -> None:
    """vpc_default_network_acl.go@050ac11163ca, deleteNetworkACLEntries: all but numbers 32767 and 32768."""
    ec2, vpc = account.ec2, account.vpc()
    asked = [*named("default", "true"), *named("vpc-id", vpc)]
    acl = only(ec2.describe_network_acls(Filters=asked)["NetworkAcls"])["NetworkAclId"]
    found = only(ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"])
    assert found["IsDefault"] is True
    for entry in found["Entries"]:
        if entry["RuleNumber"] not in (32767, 32768):
            ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=entry["RuleNumber"], Egress=entry["Egress"])
    left = only(ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"])["Entries"]
    assert {(one["RuleNumber"], one["Egress"], one["RuleAction"]) for one in left} == {
        (32767, True, "deny"),
        (32767, False, "deny"),
    }
    # createNetworkACLEntries sends PortRange {From: 0, To: 0} for protocol -1 as well
    for egress in (False, True):
        ec2.create_network_acl_entry(
            NetworkAclId=acl,
            RuleNumber=100,
            Egress=egress,
            Protocol="-1",
            RuleAction="allow",
            CidrBlock="0.0.0.0/0",
            PortRange={"From": 0, "To": 0},
        )
    entries = only(ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"])["Entries"]
    opened = [one for one in entries if one["RuleNumber"] == 100]
    assert [(one["Protocol"], one["CidrBlock"]) for one in opened] == [("-1", "0.0.0.0/0")] * 2
    assert not any("PortRange" in one for one in opened), "ports of protocol -1 would be a change at every plan"


def test_the_main_table_is_emptied_but_for_its_local_route(account: Account) -> None:
    """vpc_default_route_table.go@0df298702be9: deletes each route that is not local, adds the configuration's."""
    ec2, vpc = account.ec2, account.vpc()
    gateway = account.gateway(vpc)
    asked = [*named("association.main", "true"), *named("vpc-id", vpc)]
    table = only(ec2.describe_route_tables(Filters=asked)["RouteTables"])["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="192.0.2.0/24", GatewayId=gateway)
    found = only(ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"])
    assert found["PropagatingVgws"] == []
    for route in found["Routes"]:
        if route.get("GatewayId") == "local" or route["Origin"] == "EnableVgwRoutePropagation":
            continue
        where = {"RouteTableId": table, "DestinationCidrBlock": route["DestinationCidrBlock"]}
        ec2.delete_route(**where)
        refused("InvalidRoute.NotFound", ec2.delete_route, **where)
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    routes = only(ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"])["Routes"]
    assert [(one["DestinationCidrBlock"], one["GatewayId"]) for one in routes] == [
        ("10.0.0.0/16", "local"),
        ("0.0.0.0/0", gateway),
    ]


def test_the_default_vpc_is_found_by_the_old_spelling(account: Account) -> None:
    """vpc_default_vpc.go@05a271db9323: filter isDefault, then its three attributes; DNS names are on."""
    ec2 = account.ec2
    vpc = only(ec2.describe_vpcs(Filters=named("isDefault", "true"))["Vpcs"])
    assert (vpc["CidrBlock"], vpc["IsDefault"]) == ("172.31.0.0/16", True)
    read = {
        name: ec2.describe_vpc_attribute(VpcId=vpc["VpcId"], Attribute=name[0].lower() + name[1:])[name]["Value"]
        for name in ("EnableDnsHostnames", "EnableDnsSupport", "EnableNetworkAddressUsageMetrics")
    }
    assert read == {
        "EnableDnsHostnames": True,
        "EnableDnsSupport": True,
        "EnableNetworkAddressUsageMetrics": False,
    }


def test_a_default_vpc_that_is_gone_is_made_again(account: Account) -> None:
    """The same file: nothing found leads to CreateDefaultVpc; force_destroy deletes it in the usual order."""
    ec2 = account.ec2
    vpc = only(ec2.describe_vpcs(Filters=named("isDefault", "true"))["Vpcs"])["VpcId"]
    for subnet in ec2.describe_subnets(Filters=named("vpc-id", vpc))["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    gateway = only(ec2.describe_internet_gateways(Filters=named("attachment.vpc-id", vpc))["InternetGateways"])
    ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"])
    ec2.delete_vpc(VpcId=vpc)
    assert ec2.describe_vpcs(Filters=named("isDefault", "true"))["Vpcs"] == []
    made = ec2.create_default_vpc()["Vpc"]["VpcId"]
    assert only(ec2.describe_vpcs(VpcIds=[made])["Vpcs"])["State"] == "available"
    assert made != vpc


def test_a_default_subnet_is_found_by_the_old_spellings(account: Account) -> None:
    """vpc_default_subnet.go@01606926a0c0: filters availabilityZone and defaultForAz; deleted, it is made again."""
    ec2 = account.ec2
    asked = [*named("availabilityZone", ZONE), *named("defaultForAz", "true")]
    subnet = only(ec2.describe_subnets(Filters=asked)["Subnets"])
    assert (subnet["MapPublicIpOnLaunch"], subnet["AssignIpv6AddressOnCreation"]) == (True, False)
    assert subnet["PrivateDnsNameOptionsOnLaunch"]["HostnameType"] == "ip-name"
    ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    assert ec2.describe_subnets(Filters=asked)["Subnets"] == []
    made = ec2.create_default_subnet(AvailabilityZone=ZONE)["Subnet"]["SubnetId"]
    assert only(ec2.describe_subnets(Filters=asked)["Subnets"])["SubnetId"] == made
