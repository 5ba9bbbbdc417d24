"""Load balancers after a restart by the API: every answer as it is, and things in the words of the shadow."""

import re
from collections.abc import Iterator, Mapping

from atoll.services import registry
from atoll.services import served as _served  # noqa: F401 - registers the handlers
from tests.crash.aws import Aws, Element, RefusedError
from tests.crash.targets import ELB, USUAL
from tests.crash.things import GONE, Things

OF_EACH = {
    "balancer": ("DescribeListeners", "DescribeLoadBalancerAttributes", "DescribeTags"),
    "targets": ("DescribeTargetGroupAttributes", "DescribeTags", "DescribeTargetHealth"),
    "listener": ("DescribeListenerAttributes", "DescribeListenerCertificates", "DescribeRules", "DescribeTags"),
}
"""Asked of each thing by its ARN. DescribeRules refuses in the same words each time."""

TABLES = {"DescribeSSLPolicies"}
"""They read tables that come with Atoll."""

OF_ALL = tuple(
    sorted(
        name
        for service, name in registry.OPERATIONS
        if service == "elbv2"
        and name.startswith("Describe")
        and name not in TABLES
        and not any(name in names for names in OF_EACH.values())
    )
)
"""Every other one that is built, asked without parameters."""

ARNS = {"balancer": "LoadBalancerArn", "targets": "TargetGroupArn", "listener": "ListenerArn"}

CHECKED = re.compile(
    rb"<TargetHealth>(?:(?!</TargetHealth>).)*<State>(initial|healthy|unhealthy)</State>.*?</TargetHealth>"
)
"""What checks have come to: each node makes them again and again, before, during and after the restart, so what they
say moves with time. Whether a target is one, drains, or is out of use, and why, does not."""

NODE = re.compile(r"ELB net/([^/]+)/[0-9a-f]{16}")


def answers(aws: Aws) -> dict[str, bytes]:
    """Every Describe answer of Elastic Load Balancing as it is, but for what checks have come to."""
    found = {f"{ELB} {action}": _answer(aws, action, {}) for action in OF_ALL}
    for kind, arn in _arns(aws):
        for action in OF_EACH[kind]:
            named = "ResourceArns.member.1" if action == "DescribeTags" else ARNS[kind]
            found[f"{action} of {arn}"] = unchecked(_answer(aws, action, {named: arn}))
    return found


def unchecked(answer: bytes) -> bytes:
    """An answer without what checks have come to."""
    return CHECKED.sub(b"<TargetHealth/>", answer)


def _answer(aws: Aws, action: str, params: Mapping[str, str]) -> bytes:
    try:
        return aws.answer(action, params, ELB)
    except RefusedError as error:
        return repr(error).encode()


def _arns(aws: Aws) -> Iterator[tuple[str, str]]:
    for one in _all(aws, "DescribeLoadBalancers", "LoadBalancers"):
        arn = one.text("LoadBalancerArn")
        yield "balancer", arn
        for listener in _all(aws, "DescribeListeners", "Listeners", LoadBalancerArn=arn):
            yield "listener", listener.text("ListenerArn")
    for one in _all(aws, "DescribeTargetGroups", "TargetGroups"):
        yield "targets", one.text("TargetGroupArn")


def _all(aws: Aws, action: str, items: str, **params: str) -> list[Element]:
    return aws.call(action, params, ELB).all(f"{action}Result/{items}/member")


def provisioning(aws: Aws) -> bool:
    """Whether some load balancer is not active yet."""
    return any(one.text("State/Code") == "provisioning" for one in _all(aws, "DescribeLoadBalancers", "LoadBalancers"))


def look(aws: Aws, things: Things, ids: dict[str, str], names: dict[str, str]) -> None:
    """Add an account's load balancers and target groups. `names`: those of the rest, by id; theirs are added."""
    for one in _all(aws, "DescribeTargetGroups", "TargetGroups"):
        name, arn = one.text("TargetGroupName"), one.text("TargetGroupArn")
        names[arn], ids[name] = name, arn
        things["targets", name] = (names.get(one.text("VpcId"), GONE), one.text("Protocol"))
        _look_at(aws, things, "targets", name, arn)
        for target in _all(aws, "DescribeTargetHealth", "TargetHealthDescriptions", TargetGroupArn=arn):
            instance = names[target.text("Target/Id")]
            state = "draining" if target.text("TargetHealth/State") == "draining" else "registered"
            things["target", name, instance, target.text("Target/Port")] = (state,)
    for one in _all(aws, "DescribeLoadBalancers", "LoadBalancers"):
        name, arn = one.text("LoadBalancerName"), one.text("LoadBalancerArn")
        names[arn], ids[name] = name, arn
        subnets = sorted(names[zone.text("SubnetId")] for zone in one.all("AvailabilityZones/member"))
        state, group = one.text("State/Code"), names.get(one.text("SecurityGroups/member"), "")
        things["balancer", name] = (one.text("Scheme"), names[one.text("VpcId")], group, state, *subnets)
        _look_at(aws, things, "balancer", name, arn)
        for listener in _all(aws, "DescribeListeners", "Listeners", LoadBalancerArn=arn):
            port = listener.text("Port")
            group = names[listener.text("DefaultActions/member/TargetGroupArn")]
            things["listener", name, port] = (group, listener.text("Protocol"))
            ids[f"{name} at {port}"] = listener.text("ListenerArn")


def _look_at(aws: Aws, things: Things, kind: str, name: str, arn: str) -> None:
    """Its attributes of the mix, and its tags."""
    action = {"balancer": "DescribeLoadBalancerAttributes", "targets": "DescribeTargetGroupAttributes"}[kind]
    for one in _all(aws, action, "Attributes", **{ARNS[kind]: arn}):
        if one.text("Key") in USUAL[kind]:
            things["attribute", name, one.text("Key")] = (one.text("Value"),)
    asked = {"ResourceArns.member.1": arn}
    for tag in aws.call("DescribeTags", asked, ELB).all("DescribeTagsResult/TagDescriptions/member/Tags/member"):
        things["tag", name, tag.text("Key")] = (tag.text("Value"),)


def node(one: Element, things: Things, names: dict[str, str]) -> str:
    """Add an ENI as a node if it is a load balancer's, which gives it its name: its subnet, or "" if it is none.

    One whose load balancer is gone is told too.
    """
    found = NODE.fullmatch(one.text("description"))
    if one.text("interfaceType") != "network_load_balancer" or found is None:
        return ""
    subnet, group = names[one.text("subnetId")], names.get(one.text("groupSet/item/groupId"), "")
    things["node", found[1], subnet] = (group,)
    names[one.text("networkInterfaceId")] = found[1]
    return subnet
