"""Hand-made Describe answers: an account whose things tests add, change and take away."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from tests.spec import Probe, Reason, Verdict, World

HOST = "203.0.113.10"
OTHER_HOST = "203.0.113.11"
WORLD = "0.0.0.0/0"
Record = dict[str, Any]


def permission(peer: str, protocol: str = "-1", low: int = -1, high: int | None = None) -> Record:
    """One permission with one peer, a CIDR or the id of a group or list; ports (or type, code) only if it has any."""
    made: Record = {"IpProtocol": protocol, "IpRanges": [], "UserIdGroupPairs": [], "PrefixListIds": []}
    if protocol != "-1":
        made |= {"FromPort": low, "ToPort": low if high is None else high}
    if peer.startswith("pl-"):
        made["PrefixListIds"].append({"PrefixListId": peer})
    elif peer.startswith("sg-"):
        made["UserIdGroupPairs"].append({"GroupId": peer, "UserId": "123456789012"})
    else:
        made["IpRanges"].append({"CidrIp": peer})
    return made


def tcp(peer: str, low: int = 80, high: int | None = None) -> Record:
    return permission(peer, "tcp", low, high)


def entry(number: int, *, egress: bool, allow: bool, cidr: str = WORLD, **traffic: Any) -> Record:
    made: Record = {"RuleNumber": number, "Egress": egress, "RuleAction": "allow" if allow else "deny"}
    return made | {"Protocol": "-1", "CidrBlock": cidr} | traffic


def tcp_ports(low: int, high: int) -> Record:
    return {"Protocol": "6", "PortRange": {"From": low, "To": high}}


def star() -> list[Record]:
    return [entry(32767, egress=way, allow=False) for way in (False, True)]


GROUP_SAYS = {
    "stickiness.enabled": "false",
    "proxy_protocol_v2.enabled": "false",
    "preserve_client_ip.enabled": "true",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "deregistration_delay.connection_termination.enabled": "false",
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
    "target_health_state.unhealthy.connection_termination.enabled": "true",
}
"""What a new target group of instances says of itself (section 9's table)."""


class Account:
    """Ids are chosen by the test: eni-web lives in subnet-a of vpc-1, and so on."""

    def __init__(self) -> None:
        kinds = "Vpcs Subnets RouteTables InternetGateways SecurityGroups NetworkAcls"
        self.answers: dict[str, list[Record]] = {kind: [] for kind in kinds.split()}
        self.answers |= {"NetworkInterfaces": [], "Addresses": [], "Instances": [], "PrefixLists": []}

    def world(self) -> World:
        return World.of(deepcopy(self.answers), [HOST, OTHER_HOST])

    def vpc(self, vpc: str, cidr: str = "10.0.0.0/16", *, gateway: bool = True) -> None:
        """A VPC whose main table, rtb-main-of-<vpc>, knows the local route only; its gateway is igw-of-<vpc>."""
        self.answers["Vpcs"].append({"VpcId": vpc, "CidrBlock": cidr})
        self.table(f"rtb-main-of-{vpc}", vpc, cidr)["Associations"].append({"Main": True})
        if gateway:
            attachments = [{"VpcId": vpc, "State": "available"}]
            gateways = self.answers["InternetGateways"]
            gateways.append({"InternetGatewayId": f"igw-of-{vpc}", "Attachments": attachments})

    def table(self, table: str, vpc: str, cidr: str = "10.0.0.0/16") -> Record:
        local = {"DestinationCidrBlock": cidr, "GatewayId": "local", "State": "active"}
        made: Record = {"RouteTableId": table, "VpcId": vpc, "Associations": [], "Routes": [local]}
        self.answers["RouteTables"].append(made)
        return made

    def subnet(self, subnet: str, cidr: str, vpc: str = "vpc-1", *, public: bool = True) -> None:
        """A subnet with a table of its own, rtb-of-<subnet>; a public one has the route to the gateway."""
        self.answers["Subnets"].append({"SubnetId": subnet, "VpcId": vpc, "CidrBlock": cidr})
        table = self.table(f"rtb-of-{subnet}", vpc, self.find("Vpcs", "VpcId", vpc)["CidrBlock"])
        table["Associations"].append({"Main": False, "SubnetId": subnet})
        if public:
            self.route(subnet, WORLD, f"igw-of-{vpc}")

    def route(self, subnet: str, destination: str, target: str, state: str = "active") -> None:
        """Add the route, or replace the one to the same destination."""
        keys = {"eni-": "NetworkInterfaceId", "nat-": "NatGatewayId"}
        key = keys.get(target[:4], "GatewayId")
        table = self.find("RouteTables", "RouteTableId", f"rtb-of-{subnet}")
        table["Routes"] = [r for r in table["Routes"] if r.get("DestinationCidrBlock") != destination]
        table["Routes"].append({"DestinationCidrBlock": destination, key: target, "State": state})

    def prefix_list(self, name: str, *cidrs: str) -> None:
        """Make the list, or replace its entries."""
        others = [one for one in self.answers["PrefixLists"] if one["PrefixListId"] != name]
        made = {"PrefixListId": name, "Entries": [{"Cidr": cidr} for cidr in cidrs]}
        self.answers["PrefixLists"] = [*others, made]

    def listed_route(self, subnet: str, name: str, target: str) -> None:
        """A route to all blocks of a prefix list."""
        key = "NetworkInterfaceId" if target.startswith("eni-") else "GatewayId"
        table = self.find("RouteTables", "RouteTableId", f"rtb-of-{subnet}")
        table["Routes"].append({"DestinationPrefixListId": name, key: target, "State": "active"})

    def edge(self, **targets: str) -> Record:
        """A table of its own for vpc-1's gateway: subnets, with `_` for `-`, to interfaces."""
        made = self.table("rtb-edge", "vpc-1")
        made["Associations"].append({"Main": False, "GatewayId": "igw-of-vpc-1"})
        for subnet, target in targets.items():
            cidr = self.find("Subnets", "SubnetId", subnet.replace("_", "-"))["CidrBlock"]
            route = {"DestinationCidrBlock": cidr, "NetworkInterfaceId": target, "State": "active"}
            made["Routes"].append(route)
        return made

    def group(self, group: str, *ingress: Record, egress: Sequence[Record] | None = None) -> None:
        """Make the group, or replace its rules. Outbound is all open unless said otherwise."""
        self.answers["SecurityGroups"] = [g for g in self.answers["SecurityGroups"] if g["GroupId"] != group]
        out = [permission(WORLD)] if egress is None else list(egress)
        made = {"GroupId": group, "IpPermissions": list(ingress), "IpPermissionsEgress": out}
        self.answers["SecurityGroups"].append(made)

    def acl(self, subnet: str, *entries: Record) -> None:
        """Give the subnet a network ACL, or replace its entries; the rule "*" is added."""
        acls = [a for a in self.answers["NetworkAcls"] if a["NetworkAclId"] != f"acl-of-{subnet}"]
        made = {"NetworkAclId": f"acl-of-{subnet}", "Associations": [{"SubnetId": subnet}]}
        self.answers["NetworkAcls"] = [*acls, {**made, "Entries": [*entries, *star()]}]

    def eni(self, eni: str, subnet: str, *addresses: str, groups: Sequence[str] = ("sg-open",)) -> Record:
        """An interface that is attached to nothing yet; the first address is the primary one."""
        private = [{"PrivateIpAddress": a, "Primary": a == addresses[0]} for a in addresses]
        made: Record = {
            "NetworkInterfaceId": eni,
            "SubnetId": subnet,
            "VpcId": self.find("Subnets", "SubnetId", subnet)["VpcId"],
            "PrivateIpAddress": addresses[0],
            "PrivateIpAddresses": private,
            "Groups": [{"GroupId": group} for group in groups],
            "SourceDestCheck": True,
        }
        self.answers["NetworkInterfaces"].append(made)
        return made

    def attach(self, eni: str, instance: str, attachment: str = "", index: int = 0) -> None:
        self.find("NetworkInterfaces", "NetworkInterfaceId", eni)["Attachment"] = {
            "AttachmentId": attachment or f"eni-attach-of-{eni}",
            "InstanceId": instance,
            "DeviceIndex": index,
            "Status": "attached",
        }

    def instance(self, instance: str, state: str = "running", launched: str = "monday") -> None:
        """Make the instance, or change its state."""
        self.answers["Instances"] = [i for i in self.answers["Instances"] if i["InstanceId"] != instance]
        made = {"InstanceId": instance, "State": {"Name": state}, "LaunchTime": launched}
        self.answers["Instances"].append(made)

    def server(self, name: str, subnet: str, *addresses: str, groups: Sequence[str] = ("sg-open",)) -> Record:
        """eni-<name> on the running instance i-<name>."""
        self.instance(f"i-{name}")
        made = self.eni(f"eni-{name}", subnet, *addresses, groups=groups)
        self.attach(f"eni-{name}", f"i-{name}")
        return made

    def nat(self, name: str, subnet: str, *addresses: str, state: str = "available") -> Record:
        """The NAT gateway nat-<name> on eni-nat-<name>; an Elastic IP is put on it as on any interface."""
        eni = self.eni(f"eni-nat-{name}", subnet, *addresses, groups=())
        eni.update(InterfaceType="nat_gateway", SourceDestCheck=False)
        eni["Attachment"] = {"AttachmentId": f"ela-attach-{name}", "Status": "attached"}
        given = [{"NetworkInterfaceId": f"eni-nat-{name}", "PrivateIp": a, "Status": "succeeded"} for a in addresses]
        made = {"NatGatewayId": f"nat-{name}", "State": state, "NatGatewayAddresses": given}
        self.answers.setdefault("NatGateways", []).append(made)
        return made

    def node(self, balancer: str, subnet: str, address: str, groups: Sequence[str] = ()) -> None:
        """eni-<balancer>-<the subnet's letter>, or that in its place."""
        name = f"eni-{balancer}-{subnet[-1]}"
        kept = [one for one in self.answers["NetworkInterfaces"] if one["PrivateIpAddress"] != address]
        self.answers["NetworkInterfaces"] = kept
        eni = self.eni(name, subnet, address, groups=groups)
        eni |= {"InterfaceType": "network_load_balancer", "SourceDestCheck": False, "Description": f"ELB {balancer}"}
        eni["Attachment"] = {"AttachmentId": f"ela-attach-{name}", "Status": "attached", "DeviceIndex": 1}

    def drop_node(self, eni: str) -> None:
        """The node is gone, and its zone is no longer one of its load balancer's."""
        subnet = self.find("NetworkInterfaces", "NetworkInterfaceId", eni)["SubnetId"]
        kept = [one for one in self.answers["NetworkInterfaces"] if one["NetworkInterfaceId"] != eni]
        self.answers["NetworkInterfaces"] = kept
        for one in self.answers["LoadBalancers"]:
            one["AvailabilityZones"] = [zone for zone in one["AvailabilityZones"] if zone["SubnetId"] != subnet]

    def balancer(self, name: str, groups: Sequence[str] = (), **nodes: str) -> None:
        """An active load balancer, or that in its place; `nodes`: subnets, with `_` for `-`, and their addresses."""
        places = {subnet.replace("_", "-"): address for subnet, address in nodes.items()}
        for subnet, address in places.items():
            self.node(name, subnet, address, groups)
        found = [self.find("Subnets", "SubnetId", subnet) for subnet in places]
        zones = [{"ZoneName": one["AvailabilityZone"], "SubnetId": one["SubnetId"]} for one in found]
        made: Record = {
            "LoadBalancerArn": f"arn:loadbalancer/{name}",
            "LoadBalancerName": name,
            "DNSName": f"{name}.elb",
        }
        made |= {"State": {"Code": "active"}, "AvailabilityZones": zones}
        made["Attributes"] = [{"Key": "load_balancing.cross_zone.enabled", "Value": "false"}]
        others = [one for one in self.answers.get("LoadBalancers", ()) if one["LoadBalancerName"] != name]
        self.answers["LoadBalancers"] = [*others, made]

    def targets(self, group: str, balancer: str, *targets: str | tuple[str, int]) -> None:
        """A group of healthy instances or addresses, on port 8080 unless they say otherwise; or those in its place.

        The first group gets a listener on port 80.
        """
        fresh = [(one, 8080) if isinstance(one, str) else one for one in targets]
        described = [{"Target": {"Id": id_, "Port": port}, "TargetHealth": {"State": "healthy"}} for id_, port in fresh]
        groups = self.answers.setdefault("TargetGroups", [])
        known = next((one for one in groups if one["TargetGroupArn"] == group), None)
        instances = any(id_.startswith("i-") for id_, _ in fresh)
        if known is None:
            known = {"TargetGroupArn": group, "VpcId": "vpc-1", "HealthCheckPort": "traffic-port"}
            known["Attributes"] = [{"Key": key, "Value": value} for key, value in GROUP_SAYS.items()]
            groups.append(known)
        known |= {"TargetType": "instance" if instances else "ip", "Targets": described}
        if "Listeners" not in self.answers:
            self.listener(balancer, group)

    def listener(self, balancer: str, group: str, port: int = 80, protocol: str = "TCP") -> None:
        """Make the listener, or have it forward to another group."""
        others = [one for one in self.answers.get("Listeners", ()) if one["Port"] != port]
        made: Record = {"LoadBalancerArn": f"arn:loadbalancer/{balancer}", "Port": port, "Protocol": protocol}
        made |= {"DefaultActions": [{"Type": "forward", "TargetGroupArn": group}], "Attributes": []}
        self.answers["Listeners"] = [*others, made]

    def health(self, group: str, id_: str, state: str) -> None:
        """What DescribeTargetHealth shows of a target."""
        for one in self.find("TargetGroups", "TargetGroupArn", group)["Targets"]:
            if one["Target"]["Id"] == id_:
                one["TargetHealth"]["State"] = state

    def says(self, of: str, key: str, value: str) -> None:
        """An attribute of a target group, or of a load balancer."""
        every = (*self.answers["LoadBalancers"], *self.answers["TargetGroups"])
        thing = next(one for one in every if of in (one.get("LoadBalancerName"), one.get("TargetGroupArn")))
        thing["Attributes"] = [one for one in thing["Attributes"] if one["Key"] != key] + [{"Key": key, "Value": value}]

    def elastic(self, public: str, eni: str | None, private: str | None = None) -> None:
        """Allocate the Elastic IP if need be, take it from where it is, and associate it with an address."""
        self.answers["Addresses"] = [a for a in self.answers["Addresses"] if a["PublicIp"] != public]
        for each in self.answers["NetworkInterfaces"]:
            for address in each["PrivateIpAddresses"]:
                if address.get("Association", {}).get("PublicIp") == public:
                    del address["Association"]
        made = {"PublicIp": public}
        if eni is not None:
            private = private or str(self.find("NetworkInterfaces", "NetworkInterfaceId", eni)["PrivateIpAddress"])
            self.automatic(public, eni, private)
            made |= {"NetworkInterfaceId": eni, "PrivateIpAddress": private}
        self.answers["Addresses"].append(made)

    def automatic(self, public: str | None, eni: str, private: str | None = None) -> None:
        """An automatic public address, which DescribeAddresses does not list; None takes it away."""
        found = self.find("NetworkInterfaces", "NetworkInterfaceId", eni)
        for address in found["PrivateIpAddresses"]:
            if address["PrivateIpAddress"] == (private or found["PrivateIpAddress"]):
                address["Association"] = {"PublicIp": public} if public else None

    def find(self, kind: str, key: str, value: str) -> Record:
        return next(record for record in self.answers[kind] if record[key] == value)


def probe(at: str, source: str, destination: str, port: int = 80, protocol: str = "tcp", own: int = 40000) -> Probe:
    return Probe(at, source, destination, protocol, own, port)


def from_internet(destination: str, port: int = 80, protocol: str = "tcp", own: int = 40000) -> Probe:
    return probe(f"internet:{HOST}", HOST, destination, port, protocol, own)


def lost(verdict: Verdict) -> Reason:
    """Why the packet itself is lost: the answer to one that arrives may be lost for the same reason."""
    assert not verdict.arrives
    assert not verdict.answered
    return verdict.reason


def unanswered(verdict: Verdict) -> Reason:
    """Why the answer to a packet that arrived is lost."""
    assert verdict.arrives
    assert not verdict.answered
    return verdict.reason


def lab(*, zones: bool = False) -> Account:
    """vpc-1 with public subnets a and b and private subnet c; sg-open lets everything in and out.

    `zones`: a and c are in zone a, b is in zone b, and there is a subnet d in zone d.
    """
    account = Account()
    account.vpc("vpc-1")
    account.subnet("subnet-a", "10.0.1.0/24")
    account.subnet("subnet-b", "10.0.2.0/24")
    account.subnet("subnet-c", "10.0.3.0/24", public=False)
    account.group("sg-open", permission(WORLD))
    account.group("sg-closed")
    if zones:
        account.subnet("subnet-d", "10.0.4.0/24")
        for subnet in account.answers["Subnets"]:
            subnet["AvailabilityZone"] = f"zone-{subnet['SubnetId'][-1]}".replace("zone-c", "zone-a")
    return account
