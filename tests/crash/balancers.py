"""Calls about load balancers: themselves, their subnets, security groups and attributes, and their listeners."""

from collections.abc import Callable, Iterator

from tests.crash.targets import CROSS_ZONE, Targets, members, of, settings, step, usual
from tests.crash.things import Key, Step, Things, freed, put, without

PORTS = tuple(map(str, range(80, 84)))
BALANCER_TAG = "team"

Options = Iterator[tuple[float, Callable[[], Step]]]


class Balancers(Targets):
    """What a client may ask about them next: each with its weight. What AWS refuses by its rules is not among it."""

    def balancer_options(self) -> Options:
        """All of them."""
        yield from self._balancer_options()
        yield from self._listener_options()
        yield from self.target_options()

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

    def _groups_for(self, balancer: str) -> list[str]:
        """The target groups to which it may forward."""
        return [one for one in self.in_vpc("targets", self._vpc_of(balancer)) if self.users(one) <= {balancer}]

    def _vpc_of(self, balancer: str) -> str:
        return self.things["balancer", balancer][1]

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
            return usual("balancer", name, held)

        path = "CreateLoadBalancerResult/LoadBalancers/member/LoadBalancerArn"
        return step("CreateLoadBalancer", params, change, (name, path))._replace(settles=True)

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
        return step("DeleteLoadBalancer", of("LoadBalancer", name), without(("balancer", name)))

    def _subnets(self, name: str) -> Step:
        """A node comes or goes, and leaves its Elastic IP; a zone that stays keeps its own."""
        scheme, vpc, group, _, *now = self.things["balancer", name]
        zones = {self.zone_of(one) for one in now}
        coming = [one for one in self.in_vpc("subnet", vpc) if self.zone_of(one) not in zones]
        wanted = sorted([*now, self.rng.choice(coming)]) if coming else [self.rng.choice(now)]
        params = {**of("LoadBalancer", name), **members("Subnets", wanted)}
        change = self._with_nodes(name, (scheme, vpc, group), wanted)
        loose = freed(lambda value: value[0] == name and value[1] not in wanted)
        return step("SetSubnets", params, lambda things: change(loose(things)))

    def _regroup_balancer(self, name: str) -> Step:
        scheme, vpc, _, _, *subnets = self.things["balancer", name]
        group = self.rng.choice(self.in_vpc("group", vpc))
        params = {**of("LoadBalancer", name), "SecurityGroups.member.1": f"{{{group}}}"}
        return step("SetSecurityGroups", params, self._with_nodes(name, (scheme, vpc, group), subnets))

    def _cross_zone(self, name: str) -> Step:
        key = ("attribute", name, CROSS_ZONE)
        value = "false" if self.things[key] == ("true",) else "true"
        params = {**of("LoadBalancer", name), **settings({CROSS_ZONE: value})}
        return step("ModifyLoadBalancerAttributes", params, put(key, value))

    def _listener(self, balancer: str, group: str) -> Step:
        """At a port that is free; where none is, one of the listeners ends."""
        taken = [key for key in self.things if key[:2] == ("listener", balancer)]
        if len(taken) > 2:
            return self._end_listener(self.rng.choice(taken))
        port = self.rng.choice([one for one in PORTS if ("listener", balancer, one) not in self.things])
        protocol = self.things["targets", group][1]
        params = {**of("LoadBalancer", balancer), "Protocol": protocol, "Port": port, **_forward(group)}
        made = (f"{balancer} at {port}", "CreateListenerResult/Listeners/member/ListenerArn")
        return step("CreateListener", params, put(("listener", balancer, port), group, protocol), made)

    def _redirect(self, key: Key) -> Step:
        """It forwards to another target group, or to its own as before."""
        _, balancer, port = key
        group = self.rng.choice(self._groups_for(balancer))
        protocol = self.things["targets", group][1]
        params = {"ListenerArn": f"{{{balancer} at {port}}}", "Protocol": protocol, **_forward(group)}
        return step("ModifyListener", params, put(key, group, protocol))

    def _end_listener(self, key: Key) -> Step:
        return step("DeleteListener", {"ListenerArn": f"{{{key[1]} at {key[2]}}}"}, without(key))

    def _tag_both(self, *names: str) -> Step:
        """A load balancer and a target group get a tag in one call, or lose it."""
        value = str(self.rng.randrange(1000))
        keys = [("tag", name, BALANCER_TAG) for name in names]
        params = members("ResourceArns", names)
        if all(key in self.things for key in keys):
            return step("RemoveTags", {**params, "TagKeys.member.1": BALANCER_TAG}, without(*keys))
        params |= {"Tags.member.1.Key": BALANCER_TAG, "Tags.member.1.Value": value}
        found: Things = dict.fromkeys(keys, (value,))
        return step("AddTags", params, lambda things: {**things, **found})


def _mappings(subnets: list[str], address: str) -> dict[str, str]:
    """Subnets, the first with an Elastic IP if there is one."""
    if not address:
        return members("Subnets", subnets)
    found = {f"SubnetMappings.member.{number}.SubnetId": f"{{{one}}}" for number, one in enumerate(subnets, 1)}
    return {**found, "SubnetMappings.member.1.AllocationId": f"{{{address}}}"}


def _forward(group: str) -> dict[str, str]:
    start = "DefaultActions.member.1."
    return {f"{start}Type": "forward", f"{start}TargetGroupArn": f"{{{group}}}"}
