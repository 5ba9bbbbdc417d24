"""The parts of the standing bank, found by their names; nothing but the public API is asked."""

from typing import Any, NamedTuple

DATABASE = "10.0.11.10"
EVERYWHERE = "0.0.0.0/0"
EVERYTHING = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": EVERYWHERE}]}
BANK = [{"Name": "tag:atoll:demo", "Values": ["bank"]}]


class Bank(NamedTuple):
    """Ids by name: "web-a", "database-a", "private" ...; an instance's ENI has the instance's name."""

    vpc: str
    gateway: str
    main_table: str
    subnets: dict[str, str]
    tables: dict[str, str]
    groups: dict[str, str]
    acls: dict[str, str]
    instances: dict[str, str]
    interfaces: dict[str, str]
    private_ips: dict[str, str]


def find(ec2: Any) -> Bank:
    """The bank in this client's region. LookupError when none stands."""
    vpcs = ec2.describe_vpcs(Filters=BANK)["Vpcs"]
    if len(vpcs) != 1:
        raise LookupError("No bank stands in this region. Build one with: atoll demo bank (in eu-central-1)")
    vpc = vpcs[0]["VpcId"]
    here = [{"Name": "vpc-id", "Values": [vpc]}]
    main = [*here, {"Name": "association.main", "Values": ["true"]}]
    alive = [*BANK, {"Name": "instance-state-name", "Values": ["running"]}]
    found = [one for part in ec2.describe_instances(Filters=alive)["Reservations"] for one in part["Instances"]]
    gateways = ec2.describe_internet_gateways(Filters=BANK)["InternetGateways"]
    return Bank(
        vpc=vpc,
        gateway=gateways[0]["InternetGatewayId"],
        main_table=ec2.describe_route_tables(Filters=main)["RouteTables"][0]["RouteTableId"],
        subnets=_named(ec2.describe_subnets(Filters=BANK)["Subnets"], "SubnetId"),
        tables=_named(ec2.describe_route_tables(Filters=BANK)["RouteTables"], "RouteTableId"),
        groups=_named(ec2.describe_security_groups(Filters=BANK)["SecurityGroups"], "GroupId"),
        acls={
            **_named(ec2.describe_network_acls(Filters=BANK)["NetworkAcls"], "NetworkAclId"),
            "default": ec2.describe_network_acls(Filters=[*here, {"Name": "default", "Values": ["true"]}])[
                "NetworkAcls"
            ][0]["NetworkAclId"],
        },
        instances=_named(found, "InstanceId"),
        interfaces={name(one): one["NetworkInterfaces"][0]["NetworkInterfaceId"] for one in found},
        private_ips={name(one): one["PrivateIpAddress"] for one in found},
    )


def name(described: dict[str, Any]) -> str:
    """The Name tag of what a Describe call has answered."""
    return next((str(tag["Value"]) for tag in described.get("Tags", ()) if tag["Key"] == "Name"), "")


def use_acl(ec2: Any, subnet: str, acl: str) -> None:
    """Put an ACL in the place of the one that the subnet has."""
    of_subnet = [{"Name": "association.subnet-id", "Values": [subnet]}]
    found = ec2.describe_network_acls(Filters=of_subnet)["NetworkAcls"][0]["Associations"]
    association = next(one["NetworkAclAssociationId"] for one in found if one["SubnetId"] == subnet)
    ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=acl)


def use_table(ec2: Any, subnet: str, table: str) -> None:
    """Put a route table in the place of the one that the subnet has."""
    ec2.replace_route_table_association(AssociationId=table_association(ec2, subnet), RouteTableId=table)


def table_association(ec2: Any, subnet: str) -> str:
    """The association of a subnet with a table of its own."""
    of_subnet = [{"Name": "association.subnet-id", "Values": [subnet]}]
    found = ec2.describe_route_tables(Filters=of_subnet)["RouteTables"][0]["Associations"]
    return str(next(one["RouteTableAssociationId"] for one in found if one.get("SubnetId") == subnet))


def give_public_address(ec2: Any, interface: str) -> str:
    """A new Elastic IP on an ENI: the address."""
    tags = [{"ResourceType": "elastic-ip", "Tags": [{"Key": "atoll:demo", "Value": "bank"}]}]
    made = ec2.allocate_address(Domain="vpc", TagSpecifications=tags)
    ec2.associate_address(AllocationId=made["AllocationId"], NetworkInterfaceId=interface)
    return str(made["PublicIp"])


def take_public_address(ec2: Any, interface: str) -> None:
    """Release the Elastic IP of an ENI."""
    of_interface = [{"Name": "network-interface-id", "Values": [interface]}]
    for one in ec2.describe_addresses(Filters=of_interface)["Addresses"]:
        ec2.disassociate_address(AssociationId=one["AssociationId"])
        ec2.release_address(AllocationId=one["AllocationId"])


def _named(described: list[dict[str, Any]], key: str) -> dict[str, str]:
    return {name(one): str(one[key]) for one in described}
