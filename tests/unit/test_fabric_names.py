"""Names of interfaces: short, derived, told apart; refusals before anything changes."""

import pytest

from atoll.fabric.contract import FabricError
from atoll.fabric.kernel import names
from atoll.fabric.kernel.support import refuse_unsupported
from atoll.packet import Prefix
from atoll.plan.rows import Address, Backend, Domain, DomainKind, Filter, Frontend, Mapping, Masquerade, Segment
from atoll.records import Record


def test_interface_names_fit_and_differ() -> None:
    made = {names.port_interface(f"eni-{port:017x}", node) for port in range(20_000) for node in ("i-a", "i-b")}
    made |= {names.link_interface(f"igw-{link:017x}") for link in range(1_000)}
    assert len(made) == 41_000
    assert max(map(len, made)) <= 15


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (Address(domain="vpc-1", ip="fd00::5", port="p", primary=True), "IPv4 only"),
        (Mapping(link="igw", inside="fd00::5", outside="fd00::6"), "IPv4 only"),
        (Segment(id="s", domain="d", site="z", prefix=Prefix.parse("fd00::/64"), table="t"), "IPv4 only"),
        (Masquerade(node="nat", address="10.0.0.9", idle=60), "after 350 seconds"),
        (Frontend(id="f", node="lb", protocol=132, port=80), "TCP and UDP only"),
        (Backend(frontend="f", address="fd00::5", port=80), "IPv4 only"),
        (Domain(id="internet-2", kind=DomainKind.INTERNET), "one internet"),
        (Filter(id="sg", domain="internet"), "nothing is filtered"),
    ],
)
def test_what_is_not_built_is_refused_with_the_reason(row: Record, reason: str) -> None:
    with pytest.raises(FabricError, match=reason):
        refuse_unsupported({row.key: (None, row)})
    refuse_unsupported({row.key: (row, None)})
