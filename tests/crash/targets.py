"""Calls about target groups, their targets and attributes; and the words of Elastic Load Balancing's requests."""

from collections.abc import Callable, Iterator

from tests.crash.things import Key, Known, Step, Things, put, without

ELB = "elasticloadbalancing"
CROSS_ZONE = "load_balancing.cross_zone.enabled"
HEADER = "proxy_protocol_v2.enabled"
DELAY = "deregistration_delay.timeout_seconds"
USUAL = {"balancer": {CROSS_ZONE: "false"}, "targets": {HEADER: "false", DELAY: "300"}}
"""The attributes that are changed here, as AWS gives them."""

LONG = "3600"
"""Seconds: a drain of them outlives what it is compared with. One of 300 s would end at some moment of a series."""

TARGET_PORTS = tuple(map(str, range(8080, 8084)))

Options = Iterator[tuple[float, Callable[[], Step]]]


class Targets(Known):
    """What a client may ask about them next: each with its weight."""

    def target_options(self) -> Options:
        """All of them."""
        vpcs, groups = self.names("vpc"), self.names("targets")
        pick = self.rng.choice
        inhabited = [self.vpc_of("instance", one) for one in self.names("instance")]
        if vpcs:
            yield 5 if len(groups) < 4 else 0, lambda: self._targets(pick(2 * inhabited + vpcs))
        unused = [one for one in groups if not self.users(one)]
        yield 0.5 if unused else 0, lambda: self._end_targets(pick(unused))
        if groups:
            yield 3, lambda: self._attributes(pick(groups))
        pairs = [(one, instance) for one in groups for instance in self._instances_for(one)]
        yield 6 if pairs else 0, lambda: self._register(*pick(pairs))
        leaving = [one for one in groups if self._may_leave(one)]
        yield 3 if leaving else 0, lambda: self._deregister(pick(leaving))

    def users(self, group: str) -> set[str]:
        """The load balancers whose listeners forward to it: one or none."""
        return {key[1] for key, value in self.things.items() if key[0] == "listener" and value[0] == group}

    def _instances_for(self, group: str) -> list[str]:
        vpc = self.things["targets", group][0]
        running = (one for one in self.names("instance") if self.things["instance", one][2] == "running")
        return [one for one in running if self.vpc_of("instance", one) == vpc]

    def _registered(self, group: str) -> list[Key]:
        return [key for key, value in self.things.items() if key[:2] == ("target", group) and value == ("registered",)]

    def _may_leave(self, group: str) -> bool:
        """A target that leaves goes at once, or drains for longer than anybody looks."""
        lasting = not self.users(group) or self.things["attribute", group, DELAY] == (LONG,)
        return lasting and bool(self._registered(group))

    def _targets(self, vpc: str) -> Step:
        name = self.new("targets")
        protocol = self.rng.choice(("TCP", "TCP", "UDP"))
        params = {"Name": name, "Protocol": protocol, "Port": TARGET_PORTS[0], "VpcId": f"{{{vpc}}}"}
        made = put(("targets", name), vpc, protocol)

        def change(things: Things) -> Things:
            return usual("targets", name, made(things))

        path = "CreateTargetGroupResult/TargetGroups/member/TargetGroupArn"
        return step("CreateTargetGroup", params, change, (name, path))

    def _end_targets(self, name: str) -> Step:
        return step("DeleteTargetGroup", of("TargetGroup", name), without(("targets", name)))

    def _attributes(self, name: str) -> Step:
        """Two in one call: both change, or neither. Datagrams get no header."""
        header = self.rng.choice(("true", "false")) if self.things["targets", name][1] == "TCP" else "false"
        wanted = {HEADER: header, DELAY: self.rng.choice((LONG, LONG, USUAL["targets"][DELAY]))}
        found: Things = {("attribute", name, key): (value,) for key, value in wanted.items()}
        params = {**of("TargetGroup", name), **settings(wanted)}
        return step("ModifyTargetGroupAttributes", params, lambda things: {**things, **found})

    def _register(self, group: str, instance: str) -> Step:
        """Two ports of an instance in one call; what drains is a target again."""
        keys: list[Key] = [("target", group, instance, port) for port in self.rng.sample(TARGET_PORTS, 2)]
        found: Things = dict.fromkeys(keys, ("registered",))
        params = {**of("TargetGroup", group), **_targeted(keys)}
        return step("RegisterTargets", params, lambda things: {**things, **found})

    def _deregister(self, group: str) -> Step:
        """One or two; they drain if a listener uses the group."""
        there = self._registered(group)
        keys = self.rng.sample(there, min(2, len(there)))
        params = {**of("TargetGroup", group), **_targeted(keys)}
        if not self.users(group):
            return step("DeregisterTargets", params, without(*keys))
        found: Things = dict.fromkeys(keys, ("draining",))
        return step("DeregisterTargets", params, lambda things: {**things, **found})


def step(
    action: str, params: dict[str, str], change: Callable[[Things], Things], makes: tuple[str, str] = ("", "")
) -> Step:
    """A call of Elastic Load Balancing."""
    return Step(action, params, change, makes, service=ELB)


def of(word: str, name: str) -> dict[str, str]:
    """Which one it is about."""
    return {f"{word}Arn": f"{{{name}}}"}


def members(parameter: str, names: list[str] | tuple[str, ...]) -> dict[str, str]:
    """A list of names."""
    return {f"{parameter}.member.{number}": f"{{{name}}}" for number, name in enumerate(dict.fromkeys(names), 1)}


def settings(wanted: dict[str, str]) -> dict[str, str]:
    """Attributes."""
    params: dict[str, str] = {}
    for number, (key, value) in enumerate(wanted.items(), 1):
        params |= {f"Attributes.member.{number}.Key": key, f"Attributes.member.{number}.Value": value}
    return params


def _targeted(keys: list[Key]) -> dict[str, str]:
    params: dict[str, str] = {}
    for number, (_, _, instance, port) in enumerate(keys, 1):
        params |= {f"Targets.member.{number}.Id": f"{{{instance}}}", f"Targets.member.{number}.Port": port}
    return params


def usual(kind: str, name: str, things: Things) -> Things:
    """With the attributes that AWS gives it."""
    return {**things, **{("attribute", name, key): (value,) for key, value in USUAL[kind].items()}}
