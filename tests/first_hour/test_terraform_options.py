"""What modules of a VPC add: DHCP options, another main table, single rules of ACLs and groups, placement groups.

hashicorp/terraform-provider-aws, internal/service/ec2/: vpc_dhcp_options.go@01a5114923fc,
vpc_main_route_table_association.go@01f431114674, vpc_network_acl_rule.go@07e0d0b940f5,
vpc_security_group_rule.go@0d90774d0fdd, find.go@00a35305dc1b.
Before version 5, also find.go@eecec3d76e7b, for ClassicLink.
"""

from typing import Any

from tests.first_hour.account import Account, only
from tests.support.expect import named, refused


def test_dhcp_options_from_create_to_destroy(account: Account) -> None:
    """Read key by key; destroy gives each VPC that has them the set `default` back, then deletes them."""
    ec2, vpc = account.ec2, account.vpc()
    wanted = {"domain-name": ["corp.example"], "domain-name-servers": ["10.0.0.2", "AmazonProvidedDNS"]}
    configurations = [{"Key": key, "Values": values} for key, values in wanted.items()]
    made = ec2.create_dhcp_options(DhcpConfigurations=configurations)["DhcpOptions"]
    options = made["DhcpOptionsId"]
    ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc)
    assert only(ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"])["DhcpOptionsId"] == options
    shown = only(ec2.describe_dhcp_options(DhcpOptionsIds=[options])["DhcpOptions"])
    read = {one["Key"]: [value["Value"] for value in one["Values"]] for one in shown["DhcpConfigurations"]}
    assert read == wanted, "a key that the provider does not know is an error to it"
    assert shown["OwnerId"] == account.id
    refused("DependencyViolation", ec2.delete_dhcp_options, DhcpOptionsId=options)
    for one in ec2.describe_vpcs(Filters=named("dhcp-options-id", options))["Vpcs"]:
        ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=one["VpcId"])
    ec2.delete_dhcp_options(DhcpOptionsId=options)
    refused("InvalidDhcpOptionID.NotFound", ec2.describe_dhcp_options, DhcpOptionsIds=[options])
    refused("InvalidDhcpOptionID.NotFound", ec2.delete_dhcp_options, DhcpOptionsId=options)
    assert only(ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"])["DhcpOptionsId"] == "default"


def test_another_main_table_and_back(account: Account) -> None:
    """The main association is replaced; the new one is found by its id and is `associated`; destroy puts it back."""
    ec2, vpc = account.ec2, account.vpc()
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]

    def main() -> dict[str, Any]:
        asked = [*named("association.main", "true"), *named("vpc-id", vpc)]
        found = only(ec2.describe_route_tables(Filters=asked)["RouteTables"])
        return dict(only([one for one in found["Associations"] if one["Main"]]))

    original = main()
    new = ec2.replace_route_table_association(AssociationId=original["RouteTableAssociationId"], RouteTableId=table)[
        "NewAssociationId"
    ]
    asked = named("association.route-table-association-id", new)
    shown = only(only(ec2.describe_route_tables(Filters=asked)["RouteTables"])["Associations"])
    assert (shown["Main"], shown["AssociationState"]["State"], shown["RouteTableId"]) == (True, "associated", table)
    refused("DependencyViolation", ec2.delete_route_table, RouteTableId=table)
    ec2.replace_route_table_association(AssociationId=new, RouteTableId=original["RouteTableId"])
    assert main()["RouteTableId"] == original["RouteTableId"]
    ec2.delete_route_table(RouteTableId=table)


def test_a_rule_of_an_acl(account: Account) -> None:
    """Looked for before and after by entry.egress and entry.rule-number; ICMP sends zero ports along."""
    ec2, vpc = account.ec2, account.vpc()
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    asked = [*named("entry.egress", "false"), *named("entry.rule-number", "200")]

    def found() -> list[Any]:
        acls = ec2.describe_network_acls(NetworkAclIds=[acl], Filters=asked)["NetworkAcls"]
        return [one for each in acls for one in each["Entries"] if (one["RuleNumber"], one["Egress"]) == (200, False)]

    assert found() == []
    entry = {"NetworkAclId": acl, "RuleNumber": 200, "Egress": False, "RuleAction": "allow", "CidrBlock": "0.0.0.0/0"}
    icmp = {"IcmpTypeCode": {"Type": -1, "Code": -1}, "PortRange": {"From": 0, "To": 0}}
    ec2.create_network_acl_entry(**entry, Protocol="1", **icmp)
    shown = only(found())
    assert (shown["Protocol"], shown["IcmpTypeCode"], shown["CidrBlock"]) == ("1", icmp["IcmpTypeCode"], "0.0.0.0/0")
    which = {"NetworkAclId": acl, "RuleNumber": 200, "Egress": False}
    ec2.delete_network_acl_entry(**which)
    refused("InvalidNetworkAclEntry.NotFound", ec2.delete_network_acl_entry, **which)
    ec2.create_network_acl_entry(**entry, Protocol="6", PortRange={"From": 443, "To": 443})
    assert only(found())["PortRange"] == {"From": 443, "To": 443}


def test_a_rule_of_a_group_by_its_permission(account: Account) -> None:
    """aws_security_group_rule: found again by findRuleMatch in the group's own permissions; a new description is
    UpdateSecurityGroupRuleDescriptions; a rule that is gone is InvalidPermission.NotFound."""
    ec2, group = account.ec2, account.group(account.vpc())
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
    )
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    told = {**rule, "IpRanges": [{"CidrIp": "192.0.2.0/24", "Description": "office"}]}
    ec2.update_security_group_rule_descriptions_ingress(GroupId=group, IpPermissions=[told])
    shown = only(only(ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"])["IpPermissions"])
    assert shown["IpRanges"] == [{"CidrIp": "10.0.0.0/8"}, {"CidrIp": "192.0.2.0/24", "Description": "office"}]
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[told])
    refused("InvalidPermission.NotFound", ec2.revoke_security_group_ingress, GroupId=group, IpPermissions=[told])


def test_a_placement_group(account: Account) -> None:
    """pending -> available by name; gone is InvalidPlacementGroup.Unknown."""
    ec2 = account.ec2
    ec2.create_placement_group(GroupName="near", Strategy="cluster")
    shown = only(ec2.describe_placement_groups(GroupNames=["near"])["PlacementGroups"])
    assert (shown["State"], shown["Strategy"]) == ("available", "cluster")
    assert shown["GroupArn"].endswith("placement-group/near")
    ec2.delete_placement_group(GroupName="near")
    refused("InvalidPlacementGroup.Unknown", ec2.describe_placement_groups, GroupNames=["near"])
    refused("InvalidPlacementGroup.Unknown", ec2.delete_placement_group, GroupName="near")


def test_no_classic_link(account: Account) -> None:
    """Versions 3 and 4 ask at every read of aws_vpc (FindVPCClassicLinkEnabled): UnsupportedOperation is "no" to
    them, and any other code fails the apply."""
    ec2, vpc = account.ec2, account.vpc()
    refused("UnsupportedOperation", ec2.describe_vpc_classic_link, VpcIds=[vpc])
    refused("UnsupportedOperation", ec2.describe_vpc_classic_link_dns_support, VpcIds=[vpc])
