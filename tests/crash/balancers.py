"""Calls about load balancers: themselves, their subnets and groups, listeners, target groups, targets, attributes."""

from collections.abc import Callable, Iterator

from tests.crash.things import Key, Known, Step, Things, freed, put, without

ELB = "elasticloadbalancing"
CROSS_ZONE = "load_balancing.cross_zone.enabled"
HEADER = "proxy_protocol_v2.enabled"
DELAY = "deregistration_delay.timeout_seconds"
USUAL = {"balancer": {CROSS_ZONE: "false"}, "targets": {HEADER: "false", DELAY: "300"}}
"""The attributes that are changed here, as AWS gives them."""

LONG = "3600"
"""Seconds: a drain of them outlives what it is compared with. One of 300 s would end at some moment of a series."""

PORTS = tuple(map(str, range(80, 84)))
TARGET_PORTS = tuple(map(str, range(8080, 8084)))
BALANCER_TAG = "team"

Options = Iterator[tuple[float, Callable[[], Step]]]


class Balancers(Known):
    """What a client may ask about them next: each with its weight. What AWS refuses by its rules is not among it."""

    def balancer_options(self) -> Options:
        """All of them."""
        yield from self._balancer_options()
        yield from self._listener_options()
        yield from self._target_options()

    def _balancer_options(self) -> Options:
        subnets, balancers = self.names("subnet"), self.names("balancer")
        pick = self.rng.choice
        if subnets:
            yield 6 if len(balancers) < 3 else 0, lambda: self._balancer(pick(subnets))
        if balancers:
            yield 0.6, lambda: self._end_balancer(pick(balancers))
            yield 2, lambda: self._subnets(pick(balancers))
            yield 2, lambda: self._cross_zone(pick(balancers))
            yield 1.5, lambda: self._tag_both(pick(balancers), pick(self.names("targets") or balancers))
        worn = [one for one in balancers if self.things["balancer", one][2]]
        yield 2 if worn else 0, lambda: self._regroup_balancer(pick(worn))

    def _listener_options(self) -> Options:
        pick = self.rng.choice
        pairs = [(one, group) for one in self.names("balancer") for group in self._groups_for(one)]
        yield 6 if pairs else 0, lambda: self._listener(*pick(pairs))
        listeners = [key for key in self.things if key[0] == "listener"]
        if listeners:
            yield 1, lambda: self._end_listener(pick(listeners))
            yield 1.5, lambda: self._redirect(pick(listeners))

    def _target_options(self) -> Options:
        vpcs, groups = self.names("vpc"), self.names("targets")
        pick = self.rng.choice
        if vpcs:
            yield 5 if len(groups) < 4 else 0, lambda: self._targets(pick(vpcs))
        unused = [one for one in groups if not self._users(one)]
        yield 0.5 if unused else 0, lambda: self._end_targets(pick(unused))
        if groups:
            yield 3, lambda: self._attributes(pick(groups))
        pairs = [(one, instance) for one in groups for instance in self._instances_for(one)]
        yield 6 if pairs else 0, lambda: self._register(*pick(pairs))
        leaving = [one for one in groups if self._may_leave(one)]
        yield 3 if leaving else 0, lambda: self._deregister(pick(leaving))

    def _users(self, group: str) -> set[str]:
        """The load balancers whose listeners forward to it: one or none."""
        return {key[1] for key, value in self.things.items() if key[0] == "listener" and value[0] == group}

    def _groups_for(self, balancer: str) -> list[str]:
        """The target groups to which it may forward."""
        return [one for one in self.in_vpc("targets", self._vpc_of(balancer)) if self._users(one) <= {balancer}]

    def _vpc_of(self, balancer: str) -> str:
        return self.things["balancer", balancer][1]

    def _instances_for(self, group: str) -> list[str]:
        vpc = self.things["targets", group][0]
        running = (one for one in self.names("instance") if self.things["instance", one][2] == "running")
        return [one for one in running if self.vpc_of("instance", one) == vpc]

    def _registered(self, group: str) -> list[Key]:
        return [key for key, value in self.things.items() if key[:2] == ("target", group) and value == ("registered",)]

    def _may_leave(self, group: str) -> bool:
        """A target that leaves goes at once, or drains for longer than anybody looks."""
        lasting = not self._users(group) or self.things["attribute", group, DELAY] == (LONG,)
        return lasting and bool(self._registered(group))

    def _balancer(self, subnet: str) -> Step:
        """With one node, or two; seen by the internet where its VPC is, by an Elastic IP if one is free; with a group
        if there is one."""
        name, vpc = self.new("balancer"), self.things["subnet", subnet][0]
        subnets = self._zones_with(subnet)
        group = next(iter(self.in_vpc("group", vpc)), "")
        facing = vpc in self.open_vpcs() and self.rng.random() < 0.6
        scheme = "internet-facing" if facing else "internal"
        free = [one for one in self.names("address") if facing and not self.things["address", one][0]]
        address = self.rng.choice(free) if free else ""
        params = {"Name": name, "Type": "network", "Scheme": scheme, **_mappings(subnets, address)}
        if group:
            params["SecurityGroups.member.1"] = f"{{{group}}}"
        made = self._with_nodes(name, (scheme, vpc, group), subnets)

        def change(things: Things) -> Things:
            held = {**made(things), ("address", address): (name, subnets[0])} if address else made(things)
            return _usual("balancer", name, held)

        path = "CreateLoadBalancerResult/LoadBalancers/member/LoadBalancerArn"
        return _step("CreateLoadBalancer", params, change, (name, path))._replace(settles=True)

    def _zones_with(self, subnet: str) -> list[str]:
        """This subnet, and perhaps one of the other zone."""
        vpc = self.things["subnet", subnet][0]
        others = [one for one in self.in_vpc("subnet", vpc) if self.zone_of(one) != self.zone_of(subnet)]
        more = [self.rng.choice(others)] if others and self.rng.random() < 0.6 else []
        return sorted([subnet, *more])

    def _with_nodes(self, name: str, value: tuple[str, str, str], subnets: list[str]) -> Callable[[Things], Things]:
        """A load balancer with a node in each of these subnets and in no other."""
        nodes: Things = {("node", name, one): (value[2],) for one in subnets}

        def change(things: Things) -> Things:
            others = {key: old for key, old in things.items() if key[:2] != ("node", name)}
            return {**others, ("balancer", name): (*value, "active", *subnets), **nodes}

        return change

    def _end_balancer(self, name: str) -> Step:
        return _step("DeleteLoadBalancer", _of("LoadBalancer", name), without(("balancer", name)))

    def _subnets(self, name: str) -> Step:
        """A node comes or goes, and leaves its Elastic IP; a zone that stays keeps its own."""
        scheme, vpc, group, _, *now = self.things["balancer", name]
        zones = {self.zone_of(one) for one in now}
        coming = [one for one in self.in_vpc("subnet", vpc) if self.zone_of(one) not in zones]
        wanted = sorted([*now, self.rng.choice(coming)]) if coming else [self.rng.choice(now)]
        params = {**_of("LoadBalancer", name), **_members("Subnets", wanted)}
        change = self._with_nodes(name, (scheme, vpc, group), wanted)
        loose = freed(lambda value: value[0] == name and value[1] not in wanted)
        return _step("SetSubnets", params, lambda things: change(loose(things)))

    def _regroup_balancer(self, name: str) -> Step:
        scheme, vpc, _, _, *subnets = self.things["balancer", name]
        group = self.rng.choice(self.in_vpc("group", vpc))
        params = {**_of("LoadBalancer", name), "SecurityGroups.member.1": f"{{{group}}}"}
        return _step("SetSecurityGroups", params, self._with_nodes(name, (scheme, vpc, group), subnets))

    def _cross_zone(self, name: str) -> Step:
        key = ("attribute", name, CROSS_ZONE)
        value = "false" if self.things[key] == ("true",) else "true"
        params = {**_of("LoadBalancer", name), **_settings({CROSS_ZONE: value})}
        return _step("ModifyLoadBalancerAttributes", params, put(key, value))

    def _listener(self, balancer: str, group: str) -> Step:
        """At a port that is free; where none is, one of the listeners ends."""
        taken = [key for key in self.things if key[:2] == ("listener", balancer)]
        if len(taken) > 2:
            return self._end_listener(self.rng.choice(taken))
        port = self.rng.choice([one for one in PORTS if ("listener", balancer, one) not in self.things])
        protocol = self.things["targets", group][1]
        params = {**_of("LoadBalancer", balancer), "Protocol": protocol, "Port": port, **_forward(group)}
        made = (f"{balancer} at {port}", "CreateListenerResult/Listeners/member/ListenerArn")
        return _step("CreateListener", params, put(("listener", balancer, port), group, protocol), made)

    def _redirect(self, key: Key) -> Step:
        """It forwards to another target group, or to its own as before."""
        _, balancer, port = key
        group = self.rng.choice(self._groups_for(balancer))
        protocol = self.things["targets", group][1]
        params = {"ListenerArn": f"{{{balancer} at {port}}}", "Protocol": protocol, **_forward(group)}
        return _step("ModifyListener", params, put(key, group, protocol))

    def _end_listener(self, key: Key) -> Step:
        return _step("DeleteListener", {"ListenerArn": f"{{{key[1]} at {key[2]}}}"}, without(key))

    def _targets(self, vpc: str) -> Step:
        name = self.new("targets")
        protocol = self.rng.choice(("TCP", "TCP", "UDP"))
        params = {"Name": name, "Protocol": protocol, "Port": TARGET_PORTS[0], "VpcId": f"{{{vpc}}}"}
        made = put(("targets", name), vpc, protocol)

        def change(things: Things) -> Things:
            return _usual("targets", name, made(things))

        path = "CreateTargetGroupResult/TargetGroups/member/TargetGroupArn"
        return _step("CreateTargetGroup", params, change, (name, path))

    def _end_targets(self, name: str) -> Step:
        return _step("DeleteTargetGroup", _of("TargetGroup", name), without(("targets", name)))

    def _attributes(self, name: str) -> Step:
        """Two in one call: both change, or neither. Datagrams get no header."""
        header = self.rng.choice(("true", "false")) if self.things["targets", name][1] == "TCP" else "false"
        wanted = {HEADER: header, DELAY: self.rng.choice((LONG, LONG, USUAL["targets"][DELAY]))}
        found: Things = {("attribute", name, key): (value,) for key, value in wanted.items()}
        params = {**_of("TargetGroup", name), **_settings(wanted)}
        return _step("ModifyTargetGroupAttributes", params, lambda things: {**things, **found})

    def _register(self, group: str, instance: str) -> Step:
        """Two ports of an instance in one call; what drains is a target again."""
        keys: list[Key] = [("target", group, instance, port) for port in self.rng.sample(TARGET_PORTS, 2)]
        found: Things = dict.fromkeys(keys, ("registered",))
        params = {**_of("TargetGroup", group), **_targeted(keys)}
        return _step("RegisterTargets", params, lambda things: {**things, **found})

    def _deregister(self, group: str) -> Step:
        """One or two; they drain if a listener uses the group."""
        there = self._registered(group)
        keys = self.rng.sample(there, min(2, len(there)))
        params = {**_of("TargetGroup", group), **_targeted(keys)}
        if not self._users(group):
            return _step("DeregisterTargets", params, without(*keys))
        found: Things = dict.fromkeys(keys, ("draining",))
        return _step("DeregisterTargets", params, lambda things: {**things, **found})

    def _tag_both(self, *names: str) -> Step:
        """A load balancer and a target group get a tag in one call, or lose it."""
        value = str(self.rng.randrange(1000))
        keys = [("tag", name, BALANCER_TAG) for name in names]
        params = _members("ResourceArns", names)
        if all(key in self.things for key in keys):
            return _step("RemoveTags", {**params, "TagKeys.member.1": BALANCER_TAG}, without(*keys))
        params |= {"Tags.member.1.Key": BALANCER_TAG, "Tags.member.1.Value": value}
        found: Things = dict.fromkeys(keys, (value,))
        return _step("AddTags", params, lambda things: {**things, **found})


def _step(
    action: str, params: dict[str, str], change: Callable[[Things], Things], makes: tuple[str, str] = ("", "")
) -> Step:
    return Step(action, params, change, makes, service=ELB)


def _of(word: str, name: str) -> dict[str, str]:
    return {f"{word}Arn": f"{{{name}}}"}


def _members(parameter: str, names: list[str] | tuple[str, ...]) -> dict[str, str]:
    return {f"{parameter}.member.{number}": f"{{{name}}}" for number, name in enumerate(dict.fromkeys(names), 1)}


def _mappings(subnets: list[str], address: str) -> dict[str, str]:
    """Subnets, the first with an Elastic IP if there is one."""
    if not address:
        return _members("Subnets", subnets)
    found = {f"SubnetMappings.member.{number}.SubnetId": f"{{{one}}}" for number, one in enumerate(subnets, 1)}
    return {**found, "SubnetMappings.member.1.AllocationId": f"{{{address}}}"}


def _forward(group: str) -> dict[str, str]:
    start = "DefaultActions.member.1."
    return {f"{start}Type": "forward", f"{start}TargetGroupArn": f"{{{group}}}"}


def _settings(wanted: dict[str, str]) -> dict[str, str]:
    params: dict[str, str] = {}
    for number, (key, value) in enumerate(wanted.items(), 1):
        params |= {f"Attributes.member.{number}.Key": key, f"Attributes.member.{number}.Value": value}
    return params


def _targeted(keys: list[Key]) -> dict[str, str]:
    params: dict[str, str] = {}
    for number, (_, _, instance, port) in enumerate(keys, 1):
        params |= {f"Targets.member.{number}.Id": f"{{{instance}}}", f"Targets.member.{number}.Port": port}
    return params


def _usual(kind: str, name: str, things: Things) -> Things:
    """With the attributes that AWS gives it."""
    return {**things, **{("attribute", name, key): (value,) for key, value in USUAL[kind].items()}}
