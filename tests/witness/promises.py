"""What a load balancer promises, whatever changes: looked up in Describe answers alone, with no judge's rules.

A new connection never goes to a target that is not healthy while the node may send to one that is. One that is
established keeps its target while that is registered and healthy, or drains.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.spec import Probe
from tests.witness.examine import Trial
from tests.witness.snapshot import Answers

CROSS = "load_balancing.cross_zone.enabled"


class Kept(NamedTuple):
    """The node that an established connection came to, and its target."""

    node: str
    target: str


class Promises:
    """Those given to the connections of one history."""

    def __init__(self) -> None:
        self._kept: dict[Probe, Kept] = {}

    def forget(self) -> None:
        """Silence may have ended any of them."""
        self._kept.clear()

    def broken(self, trial: Trial, answers: Answers) -> Iterator[str]:
        """Each promise that this packet breaks, in whichever judge's eyes."""
        node = _node(answers, trial.probe.destination)
        told = {"spec": trial.spec, **trial.others}
        targets = {name: seen.target for name, seen in told.items() if seen and seen.target}
        if node is None or not targets:
            self._kept.pop(trial.probe, None)
            return
        states = {where: state for where, (state, _) in _targets(answers, trial.probe).items()}
        before = self._kept.get(trial.probe)
        if before is not None and before.node == node["NetworkInterfaceId"]:
            if states.get(before.target, "") in ("healthy", "draining"):
                yield from (
                    f"{name}: {trial.probe} left {before.target} for {to}"
                    for name, to in targets.items()
                    if to != before.target
                )
        elif trial.verb == "open" and "healthy" in _reached(answers, node, trial.probe).values():
            yield from (
                f"{name}: {trial.probe} went to {to}, {states[to]}"
                for name, to in targets.items()
                if states[to] != "healthy"
            )
        if trial.spec.answered and trial.spec.target:
            self._kept[trial.probe] = Kept(node["NetworkInterfaceId"], trial.spec.target)
        elif before is not None and trial.spec.target != before.target:
            del self._kept[trial.probe]


def _node(answers: Answers, ip: str) -> dict[str, Any] | None:
    for eni in answers["NetworkInterfaces"]:
        if eni["InterfaceType"] == "network_load_balancer":
            one = eni["PrivateIpAddresses"][0]
            if ip in (one["PrivateIpAddress"], (one.get("Association") or {}).get("PublicIp")):
                return eni
    return None


def _group(answers: Answers, probe: Probe) -> Mapping[str, Any]:
    listener = next(one for one in answers["Listeners"] if one["Port"] == probe.destination_port)
    arn = listener["DefaultActions"][0]["TargetGroupArn"]
    return next(one for one in answers["TargetGroups"] if one["TargetGroupArn"] == arn)


def _reached(answers: Answers, node: Mapping[str, Any], probe: Probe) -> dict[str, str]:
    """Of those to which the node may send."""
    own = {one["Key"]: one["Value"] for one in _group(answers, probe)["Attributes"]}[CROSS]
    whole = {one["Key"]: one["Value"] for one in answers["LoadBalancers"][0]["Attributes"]}[CROSS]
    cross = (whole if own.startswith("use") else own) == "true"
    enabled = {one["ZoneName"] for one in answers["LoadBalancers"][0]["AvailabilityZones"]}
    zones = enabled if cross else {node["AvailabilityZone"]}
    return {where: state for where, (state, zone) in _targets(answers, probe).items() if zone in zones}


def _targets(answers: Answers, probe: Probe) -> dict[str, tuple[str, str]]:
    """State and zone of each target."""
    first = {
        eni["Attachment"]["InstanceId"]: eni
        for eni in answers["NetworkInterfaces"]
        if (eni.get("Attachment") or {}).get("DeviceIndex") == 0 and eni["Attachment"].get("InstanceId")
    }
    found = {}
    for one in _group(answers, probe)["Targets"]:
        eni = first[one["Target"]["Id"]]
        where = f"{eni['PrivateIpAddress']}:{one['Target']['Port']}"
        found[where] = (one["TargetHealth"]["State"], eni["AvailabilityZone"])
    return found
