"""When two judges agree."""

from tests.witness.judges import Seen


def differences(verb: str, spec: Seen, name: str, seen: Seen) -> list[str]:
    """What the other judge says differently. A receiver's own packet (reply) is not answered by anybody."""
    mine, other = (spec.facts, seen.facts)
    if verb == "reply":
        mine, other = mine[:4], other[:4]
    return [] if mine == other else [f"spec {spec}\n    {name} {seen}"]
