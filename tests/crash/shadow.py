"""The calls that one client may make next, as far as it knows (`Known`): networks, interfaces, instances."""

import random
from collections.abc import Callable, Iterator

from tests.crash.aws import tagged
from tests.crash.balancers import Balancers
from tests.crash.paths import Paths
from tests.crash.things import IMAGE, Step, delete, freed, put, without, zone


class Shadow(Paths, Balancers):
    """One client's things. Its VPCs, and so its addresses, are its own."""

    def __init__(self, rng: random.Random, instances: int) -> None:
        super().__init__(rng)
        self.most_instances = instances

    def step(self) -> Step:
        """A call that makes sense now, as far as is known."""
        options = list(self._options())
        weights = [weight for weight, _ in options]
        ((_, make),) = self.rng.choices(options, weights)
        return make()

    def _options(self) -> Iterator[tuple[float, Callable[[], Step]]]:
        yield from self._network_options()
        yield from self._interface_options()
        yield from self._instance_options()
        yield from self.path_options()
        yield from self.balancer_options()

    def _network_options(self) -> Iterator[tuple[float, Callable[[], Step]]]:
        vpcs, subnets, groups = self.names("vpc"), self.names("subnet"), self.names("group")
        pick = self.rng.choice
        if len(vpcs) < 2:
            yield 6, self._vpc
        if vpcs:
            yield 4 if len(subnets) < 4 else 0, lambda: self._subnet(pick(vpcs))
            yield 3 if len(groups) < 4 else 0, lambda: self._group(pick(vpcs))
            yield 4 if len(self.open_vpcs()) < len(vpcs) else 0.5, lambda: self.gateway(pick(vpcs))
            yield 0.4, lambda: delete("vpc", pick(vpcs), "Vpc")
        if subnets:
            yield 0.5, lambda: delete("subnet", pick(subnets), "Subnet")
        if groups:
            yield 6, lambda: self._rule(pick(groups))
            yield 0.5, lambda: delete("group", pick(groups), "SecurityGroup", "GroupId")

    def _interface_options(self) -> Iterator[tuple[float, Callable[[], Step]]]:
        subnets, enis, addresses = self.names("subnet"), self.names("eni"), self.names("address")
        pick = self.rng.choice
        if subnets:
            yield 6 if len(enis) < 6 else 0, lambda: self._eni(pick(subnets))
        if enis:
            yield 4, lambda: self._more_addresses(pick(enis))
            yield 3, lambda: self._regroup(pick(enis))
            yield 1, lambda: delete("eni", pick(enis), "NetworkInterface")
        yield 2 if len(addresses) < 4 else 0, self._address
        if addresses:
            yield 0.5, lambda: self._release(pick(addresses))
            taken = {*self.names("nat"), *self.names("balancer")}  # whose addresses nobody takes from them
            mine = [one for one in addresses if self.things["address", one][0] not in taken]
            open_ = [one for one in enis if self.vpc_of("eni", one) in self.open_vpcs()]
            yield 4 if mine and open_ else 0, lambda: self._associate(pick(mine), pick(open_))

    def _instance_options(self) -> Iterator[tuple[float, Callable[[], Step]]]:
        subnets, instances = self.names("subnet"), self.names("instance")
        pick = self.rng.choice
        if subnets and len(instances) < self.most_instances:
            yield 3, lambda: self._instance(pick(subnets))
        if instances:
            yield 1, lambda: self._power(pick(instances))
            yield 1, lambda: self._terminate(pick(instances))
        pairs = [
            (eni, instance)
            for instance in instances
            for eni in self.names("eni")
            if self.vpc_of("eni", eni) == self.vpc_of("instance", instance)
            and self.zone_of(self.things["eni", eni][0]) == self.zone_of(self.things["instance", instance][0])
        ]
        attached = [
            pair for pair in pairs if self.things["eni", pair[0]][2] == pair[1]
        ]  # an instance has one at a time
        yield 5 if pairs else 0, lambda: self._attach(*pick(attached or pairs))

    def _vpc(self) -> Step:
        name = self.new("vpc")
        taken = {int(value[0].split(".")[1]) for key, value in self.things.items() if key[0] == "vpc"}
        block = f"10.{self.rng.choice([one for one in range(9) if one not in taken])}.0.0/16"
        params = {"CidrBlock": block, **tagged("vpc", name)}
        return Step("CreateVpc", params, put(("vpc", name), block), (name, "vpc/vpcId"))

    def _subnet(self, vpc: str) -> Step:
        name = self.new("subnet")
        taken = {value[1] for key, value in self.things.items() if key[0] == "subnet" and value[0] == vpc}
        start = self.things["vpc", vpc][0].removesuffix(".0.0/16")
        block = next(one for one in (f"{start}.{third}.0/24" for third in range(9)) if one not in taken)
        params = {"VpcId": f"{{{vpc}}}", "CidrBlock": block, "AvailabilityZone": zone(block), **tagged("subnet", name)}
        return Step("CreateSubnet", params, put(("subnet", name), vpc, block), (name, "subnet/subnetId"))

    def _group(self, vpc: str) -> Step:
        name = self.new("group")
        params = {
            "VpcId": f"{{{vpc}}}",
            "GroupName": name,
            "GroupDescription": "made",
            **tagged("security-group", name),
        }
        return Step("CreateSecurityGroup", params, put(("group", name), vpc), (name, "groupId"))

    def _rule(self, group: str) -> Step:
        """Three rules in one call come or go together."""
        there = [key[2] for key, value in self.things.items() if key[:2] == ("rule", group) and not value]
        gone = len(there) > 6
        ports = self.rng.sample(there, 3) if gone else [str(self.rng.randrange(1, 60000)) for _ in range(3)]
        params = {"GroupId": f"{{{group}}}"}
        for number, port in enumerate(ports, 1):
            start = f"IpPermissions.{number}."
            params |= {f"{start}IpProtocol": "tcp", f"{start}FromPort": port, f"{start}ToPort": port}
            params[f"{start}IpRanges.1.CidrIp"] = "0.0.0.0/0"
        keys = [("rule", group, port) for port in ports]
        if gone:
            return Step("RevokeSecurityGroupIngress", params, without(*keys))
        return Step("AuthorizeSecurityGroupIngress", params, lambda things: {**things, **dict.fromkeys(keys, ())})

    def _eni(self, subnet: str) -> Step:
        name = self.new("eni")
        vpc, block = self.things["subnet", subnet]
        group = next(iter(self.in_vpc("group", vpc)), "")
        ip = self.free_ip(block)
        params = {"SubnetId": f"{{{subnet}}}", "PrivateIpAddress": ip, **tagged("network-interface", name)}
        if group:
            params["SecurityGroupId.1"] = f"{{{group}}}"
        change = put(("eni", name), subnet, group or "default", "", ip)
        return Step("CreateNetworkInterface", params, change, (name, "networkInterface/networkInterfaceId"))

    def _more_addresses(self, eni: str) -> Step:
        """One more, two at once, or one less."""
        subnet, group, at, first, *more = self.things["eni", eni]
        params = {"NetworkInterfaceId": f"{{{eni}}}"}
        if len(more) > 2:
            gone = self.rng.choice(more)
            change = put(("eni", eni), subnet, group, at, first, *(one for one in more if one != gone))
            loose = freed(lambda value: value[1:] == (gone,) and value[0] == eni)
            return Step(
                "UnassignPrivateIpAddresses", {**params, "PrivateIpAddress.1": gone}, lambda old: change(loose(old))
            )
        block = self.things["subnet", subnet][1]
        fresh = sorted({self.free_ip(block) for _ in range(2)} - {first, *more})
        params |= {f"PrivateIpAddress.{number}": ip for number, ip in enumerate(fresh, 1)}
        kept = put(("eni", eni), subnet, group, at, first, *sorted([*more, *fresh]))
        return Step("AssignPrivateIpAddresses", params, kept)

    def _regroup(self, eni: str) -> Step:
        subnet, _, *rest = self.things["eni", eni]
        vpc = self.things["subnet", subnet][0]
        mine = self.in_vpc("group", vpc)
        if not mine:
            return self._group(vpc)
        group = self.rng.choice(mine)
        params = {"NetworkInterfaceId": f"{{{eni}}}", "SecurityGroupId.1": f"{{{group}}}"}
        return Step("ModifyNetworkInterfaceAttribute", params, put(("eni", eni), subnet, group, *rest))

    def _address(self) -> Step:
        name = self.new("address")
        params = {"Domain": "vpc", **tagged("elastic-ip", name)}
        return Step("AllocateAddress", params, put(("address", name), "", ""), (name, "allocationId"))

    def _release(self, address: str) -> Step:
        return Step("ReleaseAddress", {"AllocationId": f"{{{address}}}"}, without(("address", address)))

    def _associate(self, address: str, eni: str) -> Step:
        """It may take the private address's present Elastic IP from it: both change, or neither."""
        ip = self.rng.choice(self.things["eni", eni][3:])
        params = {"AllocationId": f"{{{address}}}", "NetworkInterfaceId": f"{{{eni}}}", "PrivateIpAddress": ip}
        params["AllowReassociation"] = "true"
        loose = freed(lambda value: value == (eni, ip))
        change = put(("address", address), eni, ip)
        return Step("AssociateAddress", params, lambda things: change(loose(things)))

    def _instance(self, subnet: str) -> Step:
        name = self.new("instance")
        ip = self.free_ip(self.things["subnet", subnet][1])
        params = {"ImageId": IMAGE, "InstanceType": "m5.large", "MinCount": "1", "MaxCount": "1"}
        params |= {"SubnetId": f"{{{subnet}}}", "PrivateIpAddress": ip, **tagged("instance", name)}
        change = put(("instance", name), subnet, ip, "running")
        return Step("RunInstances", params, change, (name, "instancesSet/item/instanceId"))

    def _attach(self, eni: str, instance: str) -> Step:
        subnet, group, at, *ips = self.things["eni", eni]
        if at:
            params = {"AttachmentId": f"{{attachment of {eni}}}", "Force": "true"}
            return Step("DetachNetworkInterface", params, put(("eni", eni), subnet, group, "", *ips))
        params = {"NetworkInterfaceId": f"{{{eni}}}", "InstanceId": f"{{{instance}}}", "DeviceIndex": "1"}
        change = put(("eni", eni), subnet, group, instance, *ips)
        return Step("AttachNetworkInterface", params, change, (f"attachment of {eni}", "attachmentId"))

    def _power(self, instance: str) -> Step:
        subnet, ip, state = self.things["instance", instance]
        params = {"InstanceId.1": f"{{{instance}}}"}
        if state == "running":
            return Step("StopInstances", params, put(("instance", instance), subnet, ip, "stopped"))
        return Step("StartInstances", params, put(("instance", instance), subnet, ip, "running"))

    def _terminate(self, instance: str) -> Step:
        return Step("TerminateInstances", {"InstanceId.1": f"{{{instance}}}"}, without(("instance", instance)))
