"""What one client knows from acknowledged answers alone, and the calls that it may make next.

Things have names of the client's own choosing, so what a call that was never answered has made can be told apart, whole
or not at all: `change` says what the call makes of the things, and everything in it is the client's choice.
"""

import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.crash.aws import tagged

IMAGE = "ami-12c6146b"
Key = tuple[str, ...]
Things = dict[Key, tuple[str, ...]]
"""("eni", name) → (subnet, group, attached to, addresses ...): see each step below."""


class Step(NamedTuple):
    """A call: `ids` in its parameters are names in braces. `makes`: the name, and where its id is in the answer."""

    action: str
    params: dict[str, str]
    change: Callable[[Things], Things]
    makes: tuple[str, str] = ("", "")


class Shadow:
    """One client's things. Its VPCs, and so its addresses, are its own."""

    def __init__(self, rng: random.Random, instances: int) -> None:
        self.rng = rng
        self.things: Things = {}
        self.most_instances = instances
        self._count = 0

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

    def _network_options(self) -> Iterator[tuple[float, Callable[[], Step]]]:
        vpcs, subnets, groups = self._names("vpc"), self._names("subnet"), self._names("group")
        pick = self.rng.choice
        if len(vpcs) < 2:
            yield 6, self._vpc
        if vpcs:
            yield 4 if len(subnets) < 4 else 0, lambda: self._subnet(pick(vpcs))
            yield 3 if len(groups) < 4 else 0, lambda: self._group(pick(vpcs))
            yield 4 if len(self._open_vpcs()) < len(vpcs) else 0.5, lambda: self._gateway(pick(vpcs))
            yield 0.4, lambda: self._delete("vpc", pick(vpcs), "Vpc")
        if subnets:
            yield 0.5, lambda: self._delete("subnet", pick(subnets), "Subnet")
        if groups:
            yield 6, lambda: self._rule(pick(groups))
            yield 0.5, lambda: self._delete("group", pick(groups), "SecurityGroup", "GroupId")

    def _interface_options(self) -> Iterator[tuple[float, Callable[[], Step]]]:
        subnets, enis, addresses = self._names("subnet"), self._names("eni"), self._names("address")
        pick = self.rng.choice
        if subnets:
            yield 6 if len(enis) < 6 else 0, lambda: self._eni(pick(subnets))
        if enis:
            yield 4, lambda: self._more_addresses(pick(enis))
            yield 3, lambda: self._regroup(pick(enis))
            yield 1, lambda: self._delete("eni", pick(enis), "NetworkInterface")
        yield 2 if len(addresses) < 4 else 0, self._address
        if addresses:
            yield 0.5, lambda: self._release(pick(addresses))
            open_ = [one for one in enis if self._vpc_of("eni", one) in self._open_vpcs()]
            yield 4 if open_ else 0, lambda: self._associate(pick(addresses), pick(open_))

    def _instance_options(self) -> Iterator[tuple[float, Callable[[], Step]]]:
        subnets, instances = self._names("subnet"), self._names("instance")
        pick = self.rng.choice
        if subnets and len(instances) < self.most_instances:
            yield 3, lambda: self._instance(pick(subnets))
        if instances:
            yield 1, lambda: self._power(pick(instances))
            yield 0.4, lambda: self._terminate(pick(instances))
        pairs = [
            (eni, instance)
            for instance in instances
            for eni in self._names("eni")
            if self._vpc_of("eni", eni) == self._vpc_of("instance", instance)
        ]
        yield 5 if pairs else 0, lambda: self._attach(*pick(pairs))

    def _vpc_of(self, kind: str, name: str) -> str:
        return self.things["subnet", self.things[kind, name][0]][0]

    def _open_vpcs(self) -> set[str]:
        """Those with an internet gateway."""
        return {value[0] for key, value in self.things.items() if key[0] == "gateway" and value[0]}

    def _names(self, kind: str) -> list[str]:
        return [key[1] for key in self.things if key[0] == kind]

    def _new(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count}"

    def _vpc(self) -> Step:
        name = self._new("vpc")
        taken = {int(value[0].split(".")[1]) for key, value in self.things.items() if key[0] == "vpc"}
        block = f"10.{self.rng.choice([one for one in range(9) if one not in taken])}.0.0/16"
        params = {"CidrBlock": block, **tagged("vpc", name)}
        return Step("CreateVpc", params, _put(("vpc", name), block), (name, "vpc/vpcId"))

    def _subnet(self, vpc: str) -> Step:
        name = self._new("subnet")
        taken = {value[1] for key, value in self.things.items() if key[0] == "subnet" and value[0] == vpc}
        start = self.things["vpc", vpc][0].removesuffix(".0.0/16")
        block = next(one for one in (f"{start}.{third}.0/24" for third in range(9)) if one not in taken)
        params = {"VpcId": f"{{{vpc}}}", "CidrBlock": block, **tagged("subnet", name)}
        return Step("CreateSubnet", params, _put(("subnet", name), vpc, block), (name, "subnet/subnetId"))

    def _group(self, vpc: str) -> Step:
        name = self._new("group")
        params = {
            "VpcId": f"{{{vpc}}}",
            "GroupName": name,
            "GroupDescription": "made",
            **tagged("security-group", name),
        }
        return Step("CreateSecurityGroup", params, _put(("group", name), vpc), (name, "groupId"))

    def _rule(self, group: str) -> Step:
        """Three rules in one call come or go together."""
        there = [key[2] for key in self.things if key[:2] == ("rule", group)]
        gone = len(there) > 6
        ports = self.rng.sample(there, 3) if gone else [str(self.rng.randrange(1, 60000)) for _ in range(3)]
        params = {"GroupId": f"{{{group}}}"}
        for number, port in enumerate(ports, 1):
            start = f"IpPermissions.{number}."
            params |= {f"{start}IpProtocol": "tcp", f"{start}FromPort": port, f"{start}ToPort": port}
            params[f"{start}IpRanges.1.CidrIp"] = "0.0.0.0/0"
        keys = [("rule", group, port) for port in ports]
        if gone:
            return Step("RevokeSecurityGroupIngress", params, _without(*keys))
        return Step("AuthorizeSecurityGroupIngress", params, lambda things: {**things, **dict.fromkeys(keys, ())})

    def _eni(self, subnet: str) -> Step:
        name = self._new("eni")
        vpc, block = self.things["subnet", subnet]
        group = next((one for one in self._names("group") if self.things["group", one][0] == vpc), "")
        ip = self._free_ip(block)
        params = {"SubnetId": f"{{{subnet}}}", "PrivateIpAddress": ip, **tagged("network-interface", name)}
        if group:
            params["SecurityGroupId.1"] = f"{{{group}}}"
        change = _put(("eni", name), subnet, group or "default", "", ip)
        return Step("CreateNetworkInterface", params, change, (name, "networkInterface/networkInterfaceId"))

    def _free_ip(self, block: str) -> str:
        return block.replace(".0/24", f".{self.rng.randrange(10, 250)}")

    def _more_addresses(self, eni: str) -> Step:
        """One more, two at once, or one less."""
        subnet, group, at, first, *more = self.things["eni", eni]
        params = {"NetworkInterfaceId": f"{{{eni}}}"}
        if len(more) > 2:
            gone = self.rng.choice(more)
            change = _put(("eni", eni), subnet, group, at, first, *(one for one in more if one != gone))
            freed = _freed(lambda value: value[1:] == (gone,) and value[0] == eni)
            return Step(
                "UnassignPrivateIpAddresses", {**params, "PrivateIpAddress.1": gone}, lambda old: change(freed(old))
            )
        block = self.things["subnet", subnet][1]
        fresh = sorted({self._free_ip(block) for _ in range(2)} - {first, *more})
        params |= {f"PrivateIpAddress.{number}": ip for number, ip in enumerate(fresh, 1)}
        kept = _put(("eni", eni), subnet, group, at, first, *sorted([*more, *fresh]))
        return Step("AssignPrivateIpAddresses", params, kept)

    def _regroup(self, eni: str) -> Step:
        subnet, _, *rest = self.things["eni", eni]
        vpc = self.things["subnet", subnet][0]
        mine = [one for one in self._names("group") if self.things["group", one][0] == vpc]
        if not mine:
            return self._group(vpc)
        group = self.rng.choice(mine)
        params = {"NetworkInterfaceId": f"{{{eni}}}", "SecurityGroupId.1": f"{{{group}}}"}
        return Step("ModifyNetworkInterfaceAttribute", params, _put(("eni", eni), subnet, group, *rest))

    def _address(self) -> Step:
        name = self._new("address")
        params = {"Domain": "vpc", **tagged("elastic-ip", name)}
        return Step("AllocateAddress", params, _put(("address", name), "", ""), (name, "allocationId"))

    def _release(self, address: str) -> Step:
        return Step("ReleaseAddress", {"AllocationId": f"{{{address}}}"}, _without(("address", address)))

    def _associate(self, address: str, eni: str) -> Step:
        """It may take the private address's present Elastic IP from it: both change, or neither."""
        ip = self.rng.choice(self.things["eni", eni][3:])
        params = {"AllocationId": f"{{{address}}}", "NetworkInterfaceId": f"{{{eni}}}", "PrivateIpAddress": ip}
        params["AllowReassociation"] = "true"
        freed = _freed(lambda value: value == (eni, ip))
        change = _put(("address", address), eni, ip)
        return Step("AssociateAddress", params, lambda things: change(freed(things)))

    def _gateway(self, vpc: str) -> Step:
        mine = [key[1] for key, value in self.things.items() if key[0] == "gateway" and value == (vpc,)]
        free = [key[1] for key, value in self.things.items() if key[0] == "gateway" and value == ("",)]
        params = {"VpcId": f"{{{vpc}}}"}
        if mine:
            params["InternetGatewayId"] = f"{{{mine[0]}}}"
            return Step("DetachInternetGateway", params, _put(("gateway", mine[0]), ""))
        if free:
            params["InternetGatewayId"] = f"{{{free[0]}}}"
            return Step("AttachInternetGateway", params, _put(("gateway", free[0]), vpc))
        name = self._new("gateway")
        made = (name, "internetGateway/internetGatewayId")
        return Step("CreateInternetGateway", tagged("internet-gateway", name), _put(("gateway", name), ""), made)

    def _instance(self, subnet: str) -> Step:
        name = self._new("instance")
        ip = self._free_ip(self.things["subnet", subnet][1])
        params = {"ImageId": IMAGE, "InstanceType": "m5.large", "MinCount": "1", "MaxCount": "1"}
        params |= {"SubnetId": f"{{{subnet}}}", "PrivateIpAddress": ip, **tagged("instance", name)}
        change = _put(("instance", name), subnet, ip, "running")
        return Step("RunInstances", params, change, (name, "instancesSet/item/instanceId"))

    def _attach(self, eni: str, instance: str) -> Step:
        subnet, group, at, *ips = self.things["eni", eni]
        if at:
            params = {"AttachmentId": f"{{attachment of {eni}}}", "Force": "true"}
            return Step("DetachNetworkInterface", params, _put(("eni", eni), subnet, group, "", *ips))
        params = {"NetworkInterfaceId": f"{{{eni}}}", "InstanceId": f"{{{instance}}}", "DeviceIndex": "1"}
        change = _put(("eni", eni), subnet, group, instance, *ips)
        return Step("AttachNetworkInterface", params, change, (f"attachment of {eni}", "attachmentId"))

    def _power(self, instance: str) -> Step:
        subnet, ip, state = self.things["instance", instance]
        params = {"InstanceId.1": f"{{{instance}}}"}
        if state == "running":
            return Step("StopInstances", params, _put(("instance", instance), subnet, ip, "stopped"))
        return Step("StartInstances", params, _put(("instance", instance), subnet, ip, "running"))

    def _terminate(self, instance: str) -> Step:
        def change(things: Things) -> Things:
            found = {key: value for key, value in things.items() if key != ("instance", instance)}
            for key, value in things.items():
                if key[0] == "eni" and value[2] == instance:
                    found[key] = (*value[:2], "", *value[3:])
            return found

        return Step("TerminateInstances", {"InstanceId.1": f"{{{instance}}}"}, change)

    def _delete(self, kind: str, name: str, word: str, parameter: str = "") -> Step:
        gone = [(kind, name), *(key for key in self.things if key[0] == "rule" and key[1] == name)]
        removed = _without(*gone)
        freed = _freed(lambda value: kind == "eni" and value[0] == name)
        params = {parameter or f"{word}Id": f"{{{name}}}"}
        return Step(f"Delete{word}", params, lambda things: removed(freed(things)))


def _put(key: Key, *value: str) -> Callable[[Things], Things]:
    return lambda things: {**things, key: value}


def _without(*keys: Key) -> Callable[[Things], Things]:
    return lambda things: {key: value for key, value in things.items() if key not in keys}


def _freed(which: Callable[[tuple[str, ...]], bool]) -> Callable[[Things], Things]:
    """Elastic IPs whose association ends with something else."""

    def change(things: Things) -> Things:
        return {key: ("", "") if key[0] == "address" and which(value) else value for key, value in things.items()}

    return change
