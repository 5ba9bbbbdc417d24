"""When two judges agree: on what happens, and roughly on why not."""

from tests.witness.judges import Fates, Seen, Verb

REASONS: dict[str, set[str]] = {
    "": {"", "delivered"},
    "NOT_RUNNING": {"no power", "security group, inbound", "network ACL, inbound"},
    "SOURCE_CHECK": {"source check"},
    "DESTINATION_CHECK": {"destination check"},
    "SG_EGRESS": {"security group, outbound", "source check"},
    "SG_INGRESS": {"security group, inbound", "no power"},
    "NACL_OUT": {"network ACL, outbound"},
    "NACL_IN": {"network ACL, inbound"},
    "NO_ROUTE": {"no route"},
    "BLACKHOLE": {"blackhole"},
    "NO_SUCH_ADDRESS": {"no such address", "no route"},
    "NO_PUBLIC_ADDRESS": {"no public address"},
    "REFUSED_BY_IGW": {"refused by the gateway"},
    "REFUSED_BY_NAT": {"refused by the NAT gateway", "loop"},
    "REFUSED_BY_BALANCER": {"refused by the load balancer"},
    "NO_ANSWER": {"destination check", "elsewhere"},
    "ELSEWHERE": {"elsewhere", "destination check"},
}
"""What the walk may call a reason of the spec. Where several things are wrong, either may name another one first."""


def fit(verb: Verb, spec: Fates, other: Fates, *, shows: bool) -> bool:
    """Whether all that the other judge tells is in the spec's set; unless it shows one fate only, the reverse too."""
    found = all(any(same(verb, one, seen) for one in spec) for seen in other)
    return found and (shows or all(any(same(verb, one, seen) for seen in other) for one in spec))


def same(verb: Verb, spec: Seen, other: Seen) -> bool:
    """Whether both speak of the same fate, with reasons that may stand for the same thing."""
    return agree(verb, spec, other) and (verb == "reply" or same_reason(spec, other))


def agree(verb: Verb, spec: Seen, other: Seen) -> bool:
    """Whether they say the same. A receiver's own packet (reply) is answered by nobody."""
    parts = 4 if verb == "reply" or other.answered is None else 6
    told = verb != "reply" and spec.target is not None and other.target is not None
    return facts(spec)[:parts] == facts(other)[:parts] and not (told and spec.target != other.target)


def facts(seen: Seen) -> tuple[object, ...]:
    """What judges must agree on."""
    return (seen.arrives, seen.at, seen.source, seen.destination, seen.answered, seen.answer_source)


def same_reason(spec: Seen, other: Seen) -> bool:
    """Whether the reasons may stand for the same thing; a judge without words agrees.

    An answer that a route leads back to who sent it, as to a middlebox, is nothing for that one either way; whether its
    rules refuse it depends on whether the connection is tracked there, which reach does not ask.
    """
    back = spec.arrives and (spec.why, other.why) == ("SG_INGRESS", "destination check")
    return not other.why or back or other.why in REASONS[spec.why]
