"""A sound call of each operation that changes something, for tests that spoil or repeat it."""

import base64
from typing import Any

from tests.support.everything import Everything

PUBLIC_KEY = b"ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(range(32)))

ALONE = {
    "AssociateIamInstanceProfile",
    "ModifyInstanceAttribute",
    "ModifyInstanceCapacityReservationAttributes",
    "ModifyNetworkInterfaceAttribute",
    "ModifySubnetAttribute",
    "ModifyVolumeAttribute",
    "ModifyVpcAttribute",
    "ResetAddressAttribute",
    "ResetInstanceAttribute",
    "UnassignPrivateIpAddresses",
    "UpdateSecurityGroupRuleDescriptionsIngress",
}
"""Operations that want one thing a call: the leaf is it."""


def calls(here: Everything) -> dict[str, dict[str, Any]]:
    """A sound call of each operation that changes something, as far as it goes without the leaf to be tried."""
    ec2 = here.ec2
    (acl,) = ec2.describe_network_acls(Filters=[{"Name": "default", "Values": ["false"]}])["NetworkAcls"]
    (halted,) = ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["stopped"]}])["Reservations"]
    stopped = {"InstanceId": halted["Instances"][0]["InstanceId"]}
    eni = here.interface()
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [here.vpc]}])["RouteTables"]
    main, table = sorted(tables, key=lambda one: not any(link["Main"] for link in one["Associations"]))
    (free,) = [one for one in ec2.describe_addresses()["Addresses"] if "AssociationId" not in one]
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [here.web]}])
    rule = {"IpProtocol": "tcp", "FromPort": 5, "ToPort": 5}
    permission = {"GroupId": here.web, "IpPermissions": [{**rule, "IpRanges": [{"CidrIp": "192.0.2.1/32"}]}]}
    entry = {
        "NetworkAclId": acl["NetworkAclId"],
        "Protocol": "-1",
        "Egress": False,
        "CidrBlock": "0.0.0.0/0",
        "RuleAction": "allow",
    }
    modified = {
        "SecurityGroupRuleId": rules["SecurityGroupRules"][0]["SecurityGroupRuleId"],
        "SecurityGroupRule": {**rule, "CidrIpv4": "192.0.2.1/32"},
    }
    vpc, allocation = {"VpcId": here.vpc}, {"AllocationId": free["AllocationId"]}
    data, target = {"InstanceType": "t3.micro"}, {"GatewayId": here.gateway}
    all_, http, anywhere = {"IpProtocol": "-1"}, {"FromPort": 80, "ToPort": 80}, {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    return {
        "AllocateAddress": {},
        "AssignPrivateIpAddresses": {"NetworkInterfaceId": eni, "SecondaryPrivateIpAddressCount": 1},
        "AssociateAddress": {**allocation, "NetworkInterfaceId": eni},
        "AssociateDhcpOptions": {**vpc, "DhcpOptionsId": "default"},
        "AssociateIamInstanceProfile": {**stopped, "IamInstanceProfile": {}},
        "AssociateRouteTable": {"RouteTableId": table["RouteTableId"], "SubnetId": here.other_zone},
        "AssociateVpcCidrBlock": {**vpc, "CidrBlock": "10.2.0.0/16"},
        "AttachNetworkInterface": {**stopped, "DeviceIndex": 1, "NetworkInterfaceId": eni},
        "AuthorizeSecurityGroupEgress": permission,
        "AuthorizeSecurityGroupIngress": permission,
        "CreateDhcpOptions": {"DhcpConfigurations": [{"Key": "ntp-servers", "Values": ["10.0.0.9"]}]},
        "CreateInternetGateway": {},
        "CreateKeyPair": {"KeyName": "another", "KeyType": "ed25519"},
        "CreateLaunchTemplate": {"LaunchTemplateName": "another", "LaunchTemplateData": data},
        "CreateLaunchTemplateVersion": {"LaunchTemplateId": here.template, "LaunchTemplateData": data},
        "CreateManagedPrefixList": {"PrefixListName": "another", "MaxEntries": 5, "AddressFamily": "IPv4"},
        "CreateNetworkAcl": vpc,
        "CreateNetworkAclEntry": {**entry, "RuleNumber": 50},
        "CreateNatGateway": {"SubnetId": here.subnet, "ConnectivityType": "private"},
        "CreateNetworkInsightsAccessScope": {
            "MatchPaths": [{"Source": {"ResourceStatement": {"Resources": [here.vpc]}}}]
        },
        "CreateNetworkInsightsPath": {"Source": here.gateway, "Destination": here.instance_id, "Protocol": "tcp"},
        "CreateNetworkInterface": {"SubnetId": here.subnet},
        "CreateNetworkInterfacePermission": {
            "NetworkInterfaceId": eni,
            "AwsAccountId": "111122223333",
            "Permission": "INSTANCE-ATTACH",
        },
        "CreatePlacementGroup": {"GroupName": "another", "Strategy": "spread"},
        "CreateRoute": {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": "198.51.100.0/24", **target},
        "CreateRouteTable": vpc,
        "CreateSecurityGroup": {**vpc, "GroupName": "another", "Description": "d"},
        "CreateSubnet": {**vpc, "CidrBlock": "10.0.99.0/24"},
        "CreateSubnetCidrReservation": {
            "SubnetId": here.subnet,
            "Cidr": "10.0.1.128/28",
            "ReservationType": "prefix",
        },
        "CreateVpc": {"CidrBlock": "10.77.0.0/16"},
        "DeleteLaunchTemplateVersions": {"LaunchTemplateId": here.template, "Versions": ["1"]},
        "EnableAddressTransfer": {**allocation, "TransferAccountId": "999988887777"},
        "ImportKeyPair": {"KeyName": "another", "PublicKeyMaterial": PUBLIC_KEY},
        "ModifyAddressAttribute": {**allocation, "DomainName": "www.example.com"},
        "ModifyDefaultCreditSpecification": {"InstanceFamily": "t3", "CpuCredits": "standard"},
        "ModifyInstanceAttribute": {**stopped, "Value": "true"},
        "ModifyInstanceCapacityReservationAttributes": {**stopped, "CapacityReservationSpecification": {}},
        "ModifyInstanceCpuOptions": {**stopped, "CoreCount": 1, "ThreadsPerCore": 1},
        "ModifyInstanceCreditSpecification": {
            "InstanceCreditSpecifications": [{"InstanceId": here.instance_id, "CpuCredits": "standard"}]
        },
        "ModifyInstanceMaintenanceOptions": stopped,
        "ModifyInstanceMetadataDefaults": {},
        "ModifyInstanceMetadataOptions": {**stopped, "HttpTokens": "required"},
        "ModifyInstancePlacement": {**stopped, "Tenancy": "default"},
        "ModifyLaunchTemplate": {"LaunchTemplateId": here.template, "DefaultVersion": "1"},
        "ModifyManagedPrefixList": {"PrefixListId": here.list, "MaxEntries": 6},
        "ModifyNetworkInterfaceAttribute": {"NetworkInterfaceId": eni},
        "ModifyPrivateDnsNameOptions": stopped,
        "ModifySecurityGroupRules": {"GroupId": here.web, "SecurityGroupRules": [modified]},
        "ModifySubnetAttribute": {"SubnetId": here.subnet},
        "ModifyVolume": {"VolumeId": here.volume, "Size": 30},
        "ModifyVolumeAttribute": {"VolumeId": here.volume},
        "ModifyVpcAttribute": vpc,
        "ModifyVpcTenancy": {"VpcId": here.dedicated_vpc, "InstanceTenancy": "default"},
        "MonitorInstances": {"InstanceIds": [here.instance_id]},
        "ReplaceNetworkAclEntry": {**entry, "RuleNumber": 1},
        "ReplaceRoute": {"RouteTableId": table["RouteTableId"], "DestinationCidrBlock": "0.0.0.0/0", **target},
        "ReplaceRouteTableAssociation": {
            "RouteTableId": table["RouteTableId"],
            "AssociationId": main["Associations"][0]["RouteTableAssociationId"],
        },
        "ResetAddressAttribute": allocation,
        "ResetInstanceAttribute": stopped,
        "RevokeSecurityGroupEgress": {"GroupId": here.web, "IpPermissions": [{**all_, **anywhere}]},
        "RevokeSecurityGroupIngress": {"GroupId": here.web, "IpPermissions": [{**rule, **http, **anywhere}]},
        "RunInstances": {
            "ImageId": here.image,
            "MinCount": 1,
            "MaxCount": 1,
            "InstanceType": "t3.micro",
            "SubnetId": here.subnet,
        },
        "StartInstances": {"InstanceIds": [stopped["InstanceId"]]},
        "StartNetworkInsightsAccessScopeAnalysis": {"NetworkInsightsAccessScopeId": here.scope_id},
        "StartNetworkInsightsAnalysis": {"NetworkInsightsPathId": here.path_id},
        "StopInstances": {"InstanceIds": [here.instance_id]},
        "TerminateInstances": {"InstanceIds": [here.instance_id]},
        "UnassignPrivateIpAddresses": {"NetworkInterfaceId": here.eni_id},
        "UpdateSecurityGroupRuleDescriptionsIngress": {"GroupId": here.web},
    }
