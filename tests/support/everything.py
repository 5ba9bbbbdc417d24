"""An account with one of everything that EC2 makes here, and what each read needs to be asked for it."""

from typing import Any

from tests.support.analyses import conclude
from tests.support.expect import tag_specification
from tests.support.inprocess import ACCOUNT, InProcess
from tests.support.lab import Lab
from tests.support.profiles import make_profile

ANOTHER = "210987654321"


class Everything(Lab):
    """A lab in which each kind is there, with its optional parts."""

    def __init__(self, cloud: InProcess) -> None:
        super().__init__(cloud)
        self.ec2.modify_vpc_attribute(VpcId=self.vpc, EnableDnsHostnames={"Value": True})
        self.ec2.associate_vpc_cidr_block(VpcId=self.vpc, CidrBlock="10.1.0.0/16")
        self._filters()
        self._compute()
        self._addresses()
        self._routes()
        self._insights()
        self.ec2.create_nat_gateway(SubnetId=self.subnet, ConnectivityType="private")  # pending: it has no ENI yet
        self.ec2.create_subnet_cidr_reservation(SubnetId=self.subnet, Cidr="10.0.1.192/28", ReservationType="explicit")
        self.ec2.create_dhcp_options(
            DhcpConfigurations=[{"Key": "ntp-servers", "Values": ["10.0.0.9"]}],
            TagSpecifications=tag_specification("dhcp-options", Name="x"),
        )
        self.ec2.create_tags(Resources=[self.vpc, self.subnet, self.gateway], Tags=[{"Key": "Name", "Value": "x"}])

    def _filters(self) -> None:
        made = self.ec2.create_vpc(CidrBlock="10.9.0.0/16", InstanceTenancy="dedicated")
        self.dedicated_vpc: str = made["Vpc"]["VpcId"]
        self.web = self.group("web")
        self.ec2.associate_security_group_vpc(GroupId=self.web, VpcId=self.dedicated_vpc)
        made = self.ec2.create_managed_prefix_list(
            PrefixListName="office",
            MaxEntries=5,
            AddressFamily="IPv4",
            Entries=[{"Cidr": "192.0.2.0/24", "Description": "d"}],
        )
        self.list: str = made["PrefixList"]["PrefixListId"]
        permissions = [
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
            {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": self.web, "Description": "d"}]},
            {"IpProtocol": "udp", "FromPort": 1, "ToPort": 9, "PrefixListIds": [{"PrefixListId": self.list}]},
        ]
        self.ec2.authorize_security_group_ingress(GroupId=self.web, IpPermissions=permissions)
        acl = self.ec2.create_network_acl(VpcId=self.vpc)["NetworkAcl"]["NetworkAclId"]
        rule = {"NetworkAclId": acl, "Egress": False, "RuleAction": "allow", "CidrBlock": "0.0.0.0/0"}
        self.ec2.create_network_acl_entry(RuleNumber=1, Protocol="6", PortRange={"From": 1, "To": 9}, **rule)
        self.ec2.create_network_acl_entry(RuleNumber=2, Protocol="1", IcmpTypeCode={"Type": 8, "Code": -1}, **rule)

    def _compute(self) -> None:
        ec2 = self.ec2
        ec2.create_key_pair(KeyName="key", KeyType="ed25519", TagSpecifications=tag_specification("key-pair", Name="x"))
        make_profile(self.cloud.client("iam"), "profile")
        ec2.create_placement_group(GroupName="parts", Strategy="partition", PartitionCount=3)
        ec2.create_placement_group(GroupName="apart", Strategy="spread")
        template = ec2.create_launch_template(
            LaunchTemplateName="web",
            VersionDescription="first",
            LaunchTemplateData={"ImageId": self.image, "InstanceType": "t3.micro", "Monitoring": {"Enabled": True}},
        )
        self.template: str = template["LaunchTemplate"]["LaunchTemplateId"]
        self.instance_id = self.launch(
            InstanceType="t3.micro",
            KeyName="key",
            Placement={"GroupName": "parts"},
            IamInstanceProfile={"Name": "profile"},
            UserData="#!/bin/sh",
            TagSpecifications=tag_specification("instance", Name="x"),
            NetworkInterfaces=[
                {
                    "DeviceIndex": 0,
                    "SubnetId": self.subnet,
                    "Groups": [self.web],
                    "AssociatePublicIpAddress": True,
                    "SecondaryPrivateIpAddressCount": 1,
                }
            ],
        )
        stopped = self.launch(InstanceType="m5.large")
        ec2.stop_instances(InstanceIds=[stopped])
        self.settle()
        ec2.terminate_instances(InstanceIds=[self.launch()])
        self.settle()
        found = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [self.instance_id]}])
        self.volume: str = found["Volumes"][0]["VolumeId"]
        ec2.modify_volume(VolumeId=self.volume, Size=20, VolumeType="gp3")
        self.cloud.put_own_image()

    def _addresses(self) -> None:
        self.eni_id = self.interface(Groups=[self.web], Description="d", Ipv4PrefixCount=1)
        allocation, _ = self.elastic_ip()
        self.ec2.associate_address(AllocationId=allocation, NetworkInterfaceId=self.eni_id)
        self.ec2.attach_network_interface(NetworkInterfaceId=self.eni_id, InstanceId=self.instance_id, DeviceIndex=1)
        self.ec2.create_network_interface_permission(
            NetworkInterfaceId=self.interface(), AwsAccountId=ANOTHER, Permission="INSTANCE-ATTACH"
        )
        self.ec2.modify_address_attribute(AllocationId=allocation, DomainName="www.example.com")
        offered, _ = self.elastic_ip()
        self.ec2.enable_address_transfer(AllocationId=offered, TransferAccountId=ANOTHER)

    def _routes(self) -> None:
        table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.associate_route_table(RouteTableId=table, SubnetId=self.subnet)
        create = self.ec2.create_route
        create(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=self.gateway)
        create(RouteTableId=table, DestinationCidrBlock="172.16.0.0/16", InstanceId=self.interface_of_one())
        create(RouteTableId=table, DestinationPrefixListId=self.list, NetworkInterfaceId=self.eni_id)

    def _insights(self) -> None:
        """Paths that there are and that there are not, a scope with findings, and analyses of them that have ended."""
        ec2, port = self.ec2, {"FromPort": 80, "ToPort": 80}
        ports = {"SourcePortRange": {"FromPort": 1, "ToPort": 9}, "DestinationPortRange": port}
        found = ec2.create_network_insights_path(
            Source=self.gateway,
            Destination=self.instance_id,
            Protocol="tcp",
            FilterAtSource={"SourceAddress": "8.8.8.8", **ports},
            FilterAtDestination=ports,
            TagSpecifications=tag_specification("network-insights-path", Name="x"),
        )
        self.path_id: str = found["NetworkInsightsPath"]["NetworkInsightsPathId"]
        blocked = ec2.create_network_insights_path(
            Source=self.interface_of_one(),
            SourceIp="10.0.1.250",
            DestinationIp="10.0.2.250",
            DestinationPort=80,
            Protocol="udp",
        )
        for id_ in (self.path_id, blocked["NetworkInsightsPath"]["NetworkInsightsPathId"]):
            made = ec2.start_network_insights_analysis(NetworkInsightsPathId=id_)["NetworkInsightsAnalysis"]
            self.analysis_id: str = made["NetworkInsightsAnalysisId"]
        statement = {
            "PacketHeaderStatement": {"Protocols": ["tcp"], "DestinationPorts": ["80-90"]},
            "ResourceStatement": {"ResourceTypes": ["AWS::EC2::InternetGateway"]},
        }
        through = [{"ResourceStatement": {"ResourceTypes": ["AWS::EC2::NatGateway"]}}]
        scope = ec2.create_network_insights_access_scope(
            MatchPaths=[{"Source": statement}],
            ExcludePaths=[
                {"Destination": {"ResourceStatement": {"Resources": [self.vpc]}}, "ThroughResources": through}
            ],
        )
        self.scope_id: str = scope["NetworkInsightsAccessScope"]["NetworkInsightsAccessScopeId"]
        analysis = ec2.start_network_insights_access_scope_analysis(NetworkInsightsAccessScopeId=self.scope_id)
        self.scope_analysis_id: str = analysis["NetworkInsightsAccessScopeAnalysis"][
            "NetworkInsightsAccessScopeAnalysisId"
        ]
        conclude(self.cloud)

    def interface_of_one(self) -> str:
        """An instance with one ENI: a route may name it."""
        return self.launch()

    def questions(self) -> dict[str, list[dict[str, Any]]]:
        """By operation: the parameters with which it is asked, where it needs some or has several answers."""
        instance = {"InstanceId": self.instance_id}
        hardware = {"ArchitectureTypes": ["x86_64"], "VirtualizationTypes": ["hvm"]}
        return {
            "DescribeIdentityIdFormat": [{"PrincipalArn": f"arn:aws:iam::{ACCOUNT}:root"}],
            "DescribeImageAttribute": [
                {"ImageId": image, "Attribute": name}
                for image in (self.image, "ami-0123456789abcdef0")
                for name in ("description", "launchPermission", "blockDeviceMapping", "bootMode", "productCodes")
            ],
            "DescribeInstanceAttribute": [
                {**instance, "Attribute": name}
                for name in (
                    "instanceType", "userData", "disableApiTermination", "instanceInitiatedShutdownBehavior",
                    "rootDeviceName", "blockDeviceMapping", "ebsOptimized", "sriovNetSupport", "enaSupport",
                    "enclaveOptions", "disableApiStop", "productCodes", "kernel", "ramdisk",
                )
            ],
            "DescribeInstanceStatus": [{"IncludeAllInstances": True}],
            "DescribeInstanceTypes": [{"InstanceTypes": ["t3.micro", "p4d.24xlarge", "mac2.metal", "inf1.xlarge"]}],
            "DescribeKeyPairs": [{"IncludePublicKey": True}],
            "DescribeLaunchTemplateVersions": [{"LaunchTemplateId": self.template}],
            "DescribeNetworkInterfaceAttribute": [
                {"NetworkInterfaceId": self.eni_id, "Attribute": name}
                for name in ("description", "groupSet", "sourceDestCheck", "attachment", "associatePublicIpAddress")
            ],
            "DescribeSecurityGroupReferences": [{"GroupId": [self.web]}],
            "DescribeStaleSecurityGroups": [{"VpcId": self.vpc}],
            "DescribeAddressesAttribute": [{"Attribute": "domain-name"}],
            "DescribeVolumeAttribute": [
                {"VolumeId": self.volume, "Attribute": name} for name in ("autoEnableIO", "productCodes")
            ],
            "DescribeVpcAttribute": [
                {"VpcId": self.vpc, "Attribute": name}
                for name in ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics")
            ],
            "GetConsoleOutput": [instance],
            "GetDefaultCreditSpecification": [{"InstanceFamily": "t3"}],
            "GetImageAncestry": [{"ImageId": self.image}],
            "GetInstanceTypesFromInstanceRequirements": [
                {**hardware, "InstanceRequirements": {"VCpuCount": {"Min": 2}, "MemoryMiB": {"Min": 0}}}
            ],
            "GetLaunchTemplateData": [instance],
            "GetManagedPrefixListAssociations": [{"PrefixListId": self.list}],
            "GetManagedPrefixListEntries": [{"PrefixListId": self.list}],
            "GetNetworkInsightsAccessScopeAnalysisFindings": [
                {"NetworkInsightsAccessScopeAnalysisId": self.scope_analysis_id}
            ],
            "GetNetworkInsightsAccessScopeContent": [{"NetworkInsightsAccessScopeId": self.scope_id}],
            "GetPasswordData": [instance],
            "GetSecurityGroupsForVpc": [{"VpcId": self.vpc}],
            "GetSubnetCidrReservations": [{"SubnetId": self.subnet}],
        }  # fmt: skip
