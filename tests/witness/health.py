"""Health checks of a design: who is asked by whom, what it came to, and whether the API shows it.

Nobody listens in the guests, so what a check comes to is what the judges say of its packet and of the answer, unless
the design has nobody listen on the target's port (`Design.deaf`). Checks are done as often as it takes: here a target
is what it settles to.
"""

from collections.abc import Iterator, Mapping

from atoll.agents.names import look_up
from atoll.plan.rows import INTERNET, Domain, Port
from atoll.plan.rows import Probe as Check
from atoll.plan.services import METADATA
from tests.spec import Probe, World
from tests.spec.balancers import names
from tests.spec.history import settled
from tests.witness.design import Design
from tests.witness.judges import Seen
from tests.witness.snapshot import Answers

FIRST_PORT = 40_000
"""Source ports of checks count from here: each has its own."""

FAILED = ("unhealthy", "Target.FailedHealthChecks", "Health checks failed")


class Health:
    """The checks of one design."""

    def __init__(self, design: Design) -> None:
        self._design = design
        self._cloud = design.cloud
        self._asked = 0

    def checks(self, answers: Answers) -> dict[str, Probe]:
        """What the plan wants to have asked of targets: a packet for each check, by the check's name.

        Not what nodes ask to be heard of: their routers answer that past all rules (docs/modelling.md).
        """
        ports = {port.node: port.id for port in self._cloud.plan.all(Port)}
        own_address = {one["NetworkInterfaceId"]: one["PrivateIpAddress"] for one in answers["NetworkInterfaces"]}
        found = {}
        for check in (one for one in self._cloud.plan.all(Check) if one.address != METADATA.ip):
            self._asked, eni = self._asked + 1, ports[check.node]
            own = FIRST_PORT + self._asked
            found[check.id] = Probe(eni, own_address[eni], check.address, check.protocol, own, check.port)
        return found

    def report(self, done: Mapping[str, Seen]) -> bool:
        """Write down what the checks came to, like the agent that does them; whether that changed anything."""
        told: dict[tuple[str, ...], dict[str, tuple[str, str, str]]] = {}
        for name, seen in done.items():
            *target, zone = name.split("/")
            told.setdefault(tuple(target), {})[zone] = ("healthy", "", "") if self._passed(name, seen) else FAILED
        return self._cloud.report(told)

    def _passed(self, name: str, seen: Seen) -> bool:
        check = self._cloud.plan.get(Check, name)
        assert check is not None
        return bool(seen.answered) and self._listens(str(seen.at), check.port)

    def _listens(self, place: str, port: int) -> bool:
        return (place, port) not in self._design.deaf

    def unlike(self, world: World, answers: Answers) -> Iterator[str]:
        """What DescribeTargetHealth and the resolvers say otherwise than the spec, a line each."""
        wanted = settled(world, self._listens)
        shown = {
            (group["TargetGroupArn"], one["Target"]["Id"], one["Target"]["Port"]): one["TargetHealth"]["State"]
            for group in answers["TargetGroups"]
            for one in group["Targets"]
        }
        for lost in sorted(self._registered() - shown.keys()):
            yield f"health: {lost[1]}:{lost[2]} of {lost[0]} is registered and not shown"
        for (group, id_, port), state in wanted.items():
            if shown[group, id_, port] != state:
                yield f"health: {id_}:{port} of {group} is {shown[group, id_, port]}, the spec says {state}"
        for balancer in answers["LoadBalancers"]:
            for name, addresses in names(world.nodes, balancer).items():
                yield from self._named(name, addresses)

    def _registered(self) -> set[tuple[str, str, int]]:
        """What the design has registered; it ends no instance."""
        groups = self._design.target_groups
        return {(group.arn, one["Id"], one["Port"]) for group in groups for one in group.targets}

    def _named(self, name: str, addresses: set[str]) -> Iterator[str]:
        """The same everywhere: on the internet, and in every VPC."""
        for domain in (INTERNET, *(one.id for one in self._cloud.plan.all(Domain) if one.id != INTERNET)):
            found = look_up(self._cloud.plan, domain, name, "A")
            told = {value for _, value in found.values} if found else set()
            if told != addresses:
                yield f"names: {name} is {sorted(told)} in {domain}, the spec says {sorted(addresses)}"
