"""Take away what an earlier run of a demo built: everything in its region that carries the demo's tag."""

from typing import Any

TAG = "atoll:demo"


def tags(resource: str, demo: str, name: str) -> list[dict[str, Any]]:
    """TagSpecifications for one resource of a demo."""
    return [
        {"ResourceType": resource, "Tags": [{"Key": TAG, "Value": demo}, {"Key": "Name", "Value": name}]},
    ]


def clean(ec2: Any, demo: str) -> None:
    """In the order in which AWS lets go (aws-behaviour 27)."""
    mine = [{"Name": f"tag:{TAG}", "Values": [demo]}]
    _terminate(ec2, mine)
    _nat_gateways(ec2, mine)
    for address in ec2.describe_addresses(Filters=mine)["Addresses"]:
        if "AssociationId" in address:
            ec2.disassociate_address(AssociationId=address["AssociationId"])
        ec2.release_address(AllocationId=address["AllocationId"])
    for interface in ec2.describe_network_interfaces(Filters=mine)["NetworkInterfaces"]:
        ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    _groups(ec2, mine)
    for subnet in ec2.describe_subnets(Filters=mine)["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    for acl in ec2.describe_network_acls(Filters=mine)["NetworkAcls"]:
        ec2.delete_network_acl(NetworkAclId=acl["NetworkAclId"])
    for table in ec2.describe_route_tables(Filters=mine)["RouteTables"]:
        ec2.delete_route_table(RouteTableId=table["RouteTableId"])
    _gateways(ec2, mine)
    for vpc in ec2.describe_vpcs(Filters=mine)["Vpcs"]:
        ec2.delete_vpc(VpcId=vpc["VpcId"])


def no_default_vpc(ec2: Any) -> None:
    """Delete the region's default VPC, as the article advises, with what AWS put into it."""
    for vpc in ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]:
        here = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
        attached = [{"Name": "attachment.vpc-id", "Values": [vpc["VpcId"]]}]
        for subnet in ec2.describe_subnets(Filters=here)["Subnets"]:
            ec2.delete_subnet(SubnetId=subnet["SubnetId"])
        _gateways(ec2, attached)
        ec2.delete_vpc(VpcId=vpc["VpcId"])


def _groups(ec2: Any, which: list[dict[str, Any]]) -> None:
    groups = ec2.describe_security_groups(Filters=which)["SecurityGroups"]
    for group in groups:  # a group that another one refers to cannot go
        if group["IpPermissions"]:
            ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    for group in groups:
        ec2.delete_security_group(GroupId=group["GroupId"])


def _gateways(ec2: Any, which: list[dict[str, Any]]) -> None:
    for gateway in ec2.describe_internet_gateways(Filters=which)["InternetGateways"]:
        for attachment in gateway["Attachments"]:
            ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=attachment["VpcId"])
        ec2.delete_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"])


def _nat_gateways(ec2: Any, mine: list[dict[str, Any]]) -> None:
    alive = [*mine, {"Name": "state", "Values": ["pending", "available", "deleting"]}]
    ids = [one["NatGatewayId"] for one in ec2.describe_nat_gateways(Filters=alive)["NatGateways"]]
    for one in ids:
        ec2.delete_nat_gateway(NatGatewayId=one)
    if ids:
        ec2.get_waiter("nat_gateway_deleted").wait(NatGatewayIds=ids)


def _terminate(ec2: Any, mine: list[dict[str, Any]]) -> None:
    alive = ["pending", "running", "stopping", "stopped"]
    found = ec2.describe_instances(Filters=[*mine, {"Name": "instance-state-name", "Values": alive}])
    ids = [one["InstanceId"] for reservation in found["Reservations"] for one in reservation["Instances"]]
    if ids:
        ec2.terminate_instances(InstanceIds=ids)
        ec2.get_waiter("instance_terminated").wait(InstanceIds=ids)
