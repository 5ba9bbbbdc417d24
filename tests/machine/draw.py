"""What the machine's calls are about: things that are, have been or never were; values that just fit or do not.

Hypothesis's bundles hold what a rule returns, one kind a rule. Here a call makes things of several kinds (a VPC's main
table, a subnet's association), so the strategies draw from the rules' world itself, which says what is alive.
"""

from collections.abc import Callable, Iterator
from ipaddress import IPv4Network
from typing import Any, Protocol

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.machine.rules import World
from tests.machine.rules.tags import NOT_FOUND

GOOD = 8
"""How often, at least, what there is is drawn for once that something gone or unknown is."""


class HasWorld(Protocol):
    """The machine."""

    world: World


def of(choose: Callable[[World], SearchStrategy[Any]]) -> SearchStrategy[Any]:
    """A strategy that depends on what there is."""

    def chosen(machine: HasWorld) -> SearchStrategy[Any]:
        return choose(machine.world)

    return st.runner().flatmap(chosen)


def alive(world: World, kind: str) -> list[str]:
    """The ids of a kind that there are, in the order of their making."""
    return [id_ for id_ in world.ever.get(kind, []) if home(world, id_) is not None]


def home(world: World, id_: str) -> str | None:
    """The VPC that a thing is in; "" for what is in none; nothing for what there is not."""
    for things in (world.subnets, world.tables, world.acls, world.groups):
        if id_ in things:
            return str(things[id_].vpc)
    if id_ in world.gateways:
        return world.gateways[id_].vpc or ""
    if id_ in world.interfaces:
        return world.subnets[world.interfaces[id_].subnet].vpc
    if id_ in world.instances:
        subnet = world.subnets.get(world.instances[id_].subnet)
        return subnet.vpc if subnet else ""
    if any(id_ in things for things in (world.elastic_ips, world.options, world.lists, world.volumes)):
        return ""
    if id_ in world.reservations:
        return world.subnets[world.reservations[id_].subnet].vpc
    return id_ if id_ in world.vpcs else dict(_parts(world)).get(id_)


def _parts(world: World) -> Iterator[tuple[str | None, str]]:
    """What is part of something else: associations, attachments, rules."""
    for vpc in world.vpcs.values():
        yield from ((id_, vpc.id) for id_ in vpc.blocks)
    for subnet in world.subnets.values():
        yield from ((subnet.acl_association, subnet.vpc), (subnet.table_association, subnet.vpc))
    for gateway in world.gateways.values():
        yield gateway.table_association, gateway.vpc or ""
    for table in world.tables.values():
        yield table.main_association, table.vpc
    for group in world.groups.values():
        yield from ((id_, group.vpc) for id_ in group.rules)
    for one in world.interfaces.values():
        if one.attachment:
            yield one.attachment.id, ""
    for held in world.elastic_ips.values():
        if held.association:
            yield held.association.id, ""


def pool(world: World, kind: str, vpc: str | None = None) -> list[str]:
    """Ids to draw from: mostly of things that there are, in one VPC if it is named; seldom one gone, or unknown."""
    there = alive(world, kind)
    near = [id_ for id_ in there if vpc is not None and home(world, id_) == vpc]
    gone = [id_ for id_ in world.ever.get(kind, []) if id_ not in there][-1:]
    good = near * (GOOD // max(1, len(near)) or 1) + there * (GOOD // max(1, len(there)) or 1)
    return [*good, *gone, nobody(kind)]


def nobody(kind: str) -> str:
    """A well-formed id that nothing has."""
    return f"{kind}-0123456789abcdef0"


def an(kind: str) -> SearchStrategy[Any]:
    """An id of a kind."""
    return of(lambda world: st.sampled_from(pool(world, kind)))


def newest(kind: str) -> SearchStrategy[Any]:
    """Mostly what was made last, which has had the least time to get entangled."""
    return st.one_of(an(kind), of(lambda world: st.sampled_from(alive(world, kind)[-1:] or pool(world, kind))))


def near(kind: str, other: str) -> SearchStrategy[Any]:
    """An id of a kind, mostly in the VPC of another thing."""
    return of(lambda world: st.sampled_from(pool(world, kind, home(world, other))))


def pair(first: str, second: str) -> SearchStrategy[Any]:
    """Two ids, mostly of one VPC."""
    return an(first).flatmap(lambda id_: st.tuples(st.just(id_), near(second, id_)))


def own_groups(first: str) -> SearchStrategy[Any]:
    """An id, and up to three groups for it."""
    return an(first).flatmap(lambda id_: st.tuples(st.just(id_), _some_groups(id_)))


def _some_groups(other: str) -> SearchStrategy[Any]:
    some = st.lists(near("sg", other), min_size=1, max_size=3, unique=True)
    return st.one_of(st.just([]), some, some, of(lambda world: st.just(_all_groups(world, other))))


def _all_groups(world: World, other: str) -> list[str]:
    return [id_ for id_ in world.groups if home(world, id_) == home(world, other)]


VPC_BLOCKS = [
    *["10.0.0.0/16", "10.0.1.7/16", "10.1.0.0/16", "172.16.0.0/20", "192.168.0.0/24", "100.64.0.0/16"] * 2,
    "10.0.0.0/28",
    "10.0.0.0/29",
    "10.0.0.0/15",
    "169.254.0.0/16",
    "10.0.0.0",
    "rubbish",
]
MORE_BLOCKS = [
    *["10.2.0.0/16", "10.1.0.0/17", "10.0.0.0/24", "172.16.16.0/20", "100.64.0.0/20", "192.168.8.0/24"],
    *["198.19.0.0/16", "172.31.0.0/16", "10.9.0.0/16", "10.9.0.0/17", "10.2.0.0/30", "rubbish", "203.0.113.0/24"],
]


def subnet_blocks(vpc: str) -> SearchStrategy[Any]:
    """Blocks for a subnet of a VPC: small ones that fit, large ones, neighbours, and what cannot be."""

    def choose(world: World) -> SearchStrategy[Any]:
        if vpc not in world.vpcs:
            return st.just("10.0.0.0/24")
        found = ["10.250.0.0/24", "10.0.0.0/8", "rubbish"]
        for block in world.vpcs[vpc].blocks.values():
            low = int(block.network_address)
            found += [str(IPv4Network((low + 16 * n, 28))) for n in (0, 1, 2, 16, 32)]
            found += [str(IPv4Network((low, 29))), str(block), str(IPv4Network((low, 24), strict=False))]
        return st.sampled_from(found)

    return of(choose)


SIX = ["::/0", "2001:db8::7/32", "2001:db8:1::/48", "fd00:ec2::/64", "2001:db8::1"]
"""Blocks of IPv6; the last but one is AWS's own, the last none."""


def as_destination(to: str) -> dict[str, str]:
    """The parameter of a route that names it."""
    return {"DestinationIpv6CidrBlock" if ":" in to else "DestinationCidrBlock": to}


def destinations(table: str) -> SearchStrategy[Any]:
    """Where a route of a table may lead."""

    def choose(world: World) -> SearchStrategy[Any]:
        found = [*SIX * 2, "0.0.0.0/0", "10.9.0.0/16", "10.2.0.128/25", "192.168.8.0/24", "169.254.168.0/24", "rubbish"]
        if table in world.tables:
            vpc = world.tables[table].vpc
            found += [str(one.block) for one in world.subnets.values() if one.vpc == vpc]
            found += [str(to) for to in world.tables[table].routes]
            found += [str(next(one.subnets())) for one in world.vpcs[vpc].blocks.values()]
        return st.sampled_from(found)

    return of(choose)


def own_destinations(table: str) -> SearchStrategy[Any]:
    """Where a route of a table leads, mostly."""

    def choose(world: World) -> SearchStrategy[Any]:
        there = [str(to) for to in world.tables[table].routes] if table in world.tables else []
        return st.one_of(st.sampled_from(there), destinations(table)) if there else destinations(table)

    return of(choose)


def addresses(subnet: str) -> SearchStrategy[Any]:
    """An address for an interface in a subnet: mostly free, but also taken, one of AWS's, or of elsewhere."""

    def choose(world: World) -> SearchStrategy[Any]:
        if subnet not in world.subnets:
            return st.just("10.0.0.9")
        block = world.subnets[subnet].block
        free = [str(block[n]) for n in (4, 5, 6, 7, 8, 9)]
        taken = sorted(world.taken(subnet))
        mapped = [held.address for one in world.elastic_ips.values() if (held := one.association)]
        wrong = [str(block[1]), str(block[-1]), "10.200.0.9"]
        return st.sampled_from([*free, *taken * 2, *wrong * 2, *[one for one in mapped if one in taken] * 5])

    return of(choose)


def addresses_beside(interface: str) -> SearchStrategy[Any]:
    """An address for an interface, in its own subnet."""
    return of(lambda world: addresses(world.interfaces[interface].subnet if interface in world.interfaces else ""))


def held_addresses(interface: str) -> SearchStrategy[Any]:
    """An address that an interface has, or one that it has not."""

    def choose(world: World) -> SearchStrategy[Any]:
        there = world.interfaces[interface].addresses if interface in world.interfaces else []
        return st.sampled_from([*there, *there, "10.200.0.9"])

    return of(choose)


PORTS = st.sampled_from([*[(80, 80), (443, 443), (0, 65535)] * 2, (90, 80), (80, 65536)])
RANGES = st.sampled_from([*["0.0.0.0/0", "10.0.0.0/8", "10.0.0.7/8", "10.5.0.0/16"] * 2, "rubbish"])


def permissions(group: str) -> SearchStrategy[Any]:
    """What a call about a group's rules says of them: new ones, and ones that there are."""
    source = st.one_of(
        RANGES.map(lambda block: {"IpRanges": [{"CidrIp": block}]}),
        st.sampled_from(SIX).map(lambda block: {"Ipv6Ranges": [{"CidrIpv6": block}]}),
        an("pl").map(lambda id_: {"PrefixListIds": [{"PrefixListId": id_}]}),
        near("sg", group).map(lambda id_: {"UserIdGroupPairs": [{"GroupId": id_}]}),
        st.sampled_from([{"IpRanges": [{"CidrIp": "10.3.0.0/16"}, {"CidrIp": "10.4.0.0/16"}]}, {}, {}]),
    )
    said = st.one_of(
        st.tuples(st.sampled_from(["tcp", "TCP", "6", "udp", "17"]), PORTS),
        st.tuples(st.sampled_from(["icmp", "1"]), st.sampled_from([(8, 0), (-1, -1)])),
        st.just(("-1", None)),
    )

    def joined(drawn: tuple[tuple[str, tuple[int, int] | None], dict[str, Any]]) -> dict[str, Any]:
        (protocol, ports), named = drawn
        shown = {"FromPort": ports[0], "ToPort": ports[1]} if ports else {}
        return {"IpProtocol": protocol, **shown, **named}

    one = st.tuples(said, source).map(joined)

    def choose(world: World) -> SearchStrategy[Any]:
        there = [_said(rule) for rule in world.groups[group].rules.values()] if group in world.groups else []
        new = st.lists(one, min_size=1, max_size=2)
        return st.one_of(new, st.sampled_from(there).map(lambda rule: [rule])) if there else new

    return of(choose)


def _said(rule: Any) -> dict[str, Any]:
    named: dict[str, Any] = {"UserIdGroupPairs": [{"GroupId": rule.group}]}
    if rule.block:
        six = ":" in rule.block
        named = {"Ipv6Ranges": [{"CidrIpv6": rule.block}]} if six else {"IpRanges": [{"CidrIp": rule.block}]}
    if rule.list:
        named = {"PrefixListIds": [{"PrefixListId": rule.list}]}
    ports = {"FromPort": rule.ports[0], "ToPort": rule.ports[1]} if rule.ports else {}
    return {"IpProtocol": rule.protocol, **ports, **named}


NUMBERS = st.sampled_from([100, 110, 120, 130, 32766, 32767, 0])
ENTRIES = st.builds(
    lambda number, egress, action, block, what: {
        "RuleNumber": number,
        "Egress": egress,
        "RuleAction": action,
        "Ipv6CidrBlock" if ":" in block else "CidrBlock": block,
        **what,
    },
    NUMBERS,
    st.booleans(),
    st.sampled_from(["allow", "deny"]),
    st.sampled_from(
        [*["0.0.0.0/0", "10.0.0.7/8", "10.0.0.0/8", "10.5.0.0/16", "::/0"] * 2, "2001:db8::7/32", "rubbish"]
    ),
    st.sampled_from(
        [
            *[{"Protocol": "-1"}, {"Protocol": "6", "PortRange": {"From": 80, "To": 443}}] * 2,
            {"Protocol": "17", "PortRange": {"From": 53, "To": 53}},
            {"Protocol": "6", "PortRange": {"From": 90, "To": 80}},
            {"Protocol": "1", "IcmpTypeCode": {"Type": 8, "Code": -1}},
            {"Protocol": "6"},
            {"Protocol": "1"},
        ]
    ),
)


def of_the_other_family(acl: str) -> SearchStrategy[Any]:
    """What replaces an entry that there is by one for IPv6, or by one for IPv4."""

    def choose(world: World) -> SearchStrategy[Any]:
        there = world.acls[acl].entries if acl in world.acls else {}
        said = [
            {
                "Egress": egress,
                "RuleNumber": number,
                "Protocol": "-1",
                "RuleAction": "deny",
                **({"Ipv6CidrBlock": "::/0"} if entry.block.version == 4 else {"CidrBlock": "10.0.0.0/8"}),
            }
            for (egress, number), entry in there.items()
        ]
        return st.sampled_from(said) if said else ENTRIES

    return of(choose)


FREE_INTERFACES = of(
    lambda world: st.sampled_from(
        [one.id for one in world.interfaces.values() if one.attachment is None] or pool(world, "eni")
    )
)


def own_rules(group: str) -> SearchStrategy[Any]:
    """A rule's id: mostly one of the group's own."""

    def choose(world: World) -> SearchStrategy[Any]:
        own = list(world.groups[group].rules) if group in world.groups else []
        return st.sampled_from([*own * 3, *pool(world, "sgr")])

    return of(choose)


def changed_rule(group: str) -> SearchStrategy[Any]:
    """What ModifySecurityGroupRules says of a rule: mostly of the group's own, about a source of the same kind."""

    def choose(world: World) -> SearchStrategy[Any]:
        rules = world.groups[group].rules if group in world.groups else {}

        def said(id_: str) -> SearchStrategy[Any]:
            match = rules.get(id_)
            sources: dict[str, SearchStrategy[Any]] = {
                "CidrIpv4": RANGES,
                "CidrIpv6": st.sampled_from(SIX),
                "ReferencedGroupId": near("sg", group),
                "PrefixListId": an("pl"),
            }
            own = {"IPv4": "CidrIpv4", "IPv6": "CidrIpv6", "group": "ReferencedGroupId", "list": "PrefixListId"}
            usual = [own[match.source]] * 8 if match else []
            name = st.sampled_from([*usual, *sources, None])
            ports = st.sampled_from([(80, 80), (443, 443), (90, 80)])
            words = st.tuples(name, ports).flatmap(
                lambda drawn: st.fixed_dictionaries(
                    {
                        "IpProtocol": st.just("tcp"),
                        "FromPort": st.just(drawn[1][0]),
                        "ToPort": st.just(drawn[1][1]),
                        **({drawn[0]: sources[drawn[0]]} if drawn[0] else {}),
                    }
                )
            )
            alike = [_stated(one) for one in rules.values() if match and one.source == match.source]
            if match and match.list:
                alike += [{**_stated(match), "PrefixListId": other} for other in world.lists]
            words = st.one_of(words, st.sampled_from(alike)) if alike else words
            return words.map(lambda one: {"SecurityGroupRuleId": id_, "SecurityGroupRule": one})

        listed = [id_ for id_, match in rules.items() if match.list]
        return st.sampled_from([*list(rules) * 3, *listed * 3, *pool(world, "sgr")]).flatmap(said)

    return of(choose)


def _stated(rule: Any) -> dict[str, Any]:
    """A rule as it is, in the words of ModifySecurityGroupRules."""
    low, high = rule.ports or (-1, -1)
    names = {"IPv4": "CidrIpv4", "IPv6": "CidrIpv6", "group": "ReferencedGroupId", "list": "PrefixListId"}
    source = {names[rule.source]: rule.block or rule.group or rule.list}
    return {"IpProtocol": rule.protocol, "FromPort": low, "ToPort": high, **source}


def reservation_blocks(subnet: str) -> SearchStrategy[Any]:
    """Parts of a subnet, all of it, and what is elsewhere."""

    def choose(world: World) -> SearchStrategy[Any]:
        found = ["10.200.0.0/28", "rubbish"]
        if subnet in world.subnets:
            low = int(world.subnets[subnet].block.network_address)
            found += [str(IPv4Network((low + 4 * n, 30))) for n in (0, 1, 2, 3)]
            found += [f"{world.subnets[subnet].block.network_address}/29"]
        return st.sampled_from(found)

    return of(choose)


KEY_NAMES = st.sampled_from(["one", "two", "three"])
OPTIONS = st.sampled_from(
    [
        [{"Key": "domain-name", "Values": ["example.internal"]}],
        [{"Key": "domain-name", "Values": ["x.internal"]}, {"Key": "ntp-servers", "Values": ["10.0.0.9"]}],
        [{"Key": "domain-name", "Values": []}],
        [{"Key": "colour", "Values": ["red"]}],
        [],
    ]
)
LIST_BLOCKS = st.lists(
    st.sampled_from([*["192.0.2.0/24", "192.0.2.9/24", "198.51.100.0/24"] * 3, "10.0.0.0/8", "rubbish"]), max_size=2
).map(lambda blocks: [{"Cidr": one} for one in blocks])


def list_changes(id_: str) -> SearchStrategy[Any]:
    """What a call changes of a prefix list: entries, or how many it may have."""

    def choose(world: World) -> SearchStrategy[Any]:
        there = world.lists[id_].entries if id_ in world.lists else []
        gone = [[{"Cidr": one}] for one in there] or [[{"Cidr": "192.0.2.0/24"}]]
        return st.one_of(
            LIST_BLOCKS.filter(bool).map(lambda blocks: {"AddEntries": blocks}),
            st.sampled_from(gone).map(lambda blocks: {"RemoveEntries": blocks}),
            st.sampled_from([1, 2, 3, 4, 0]).map(lambda most: {"MaxEntries": most}),
        )

    return of(choose)


def own_attachment(interface: str) -> SearchStrategy[Any]:
    """An attachment's id: mostly that of the interface."""

    def choose(world: World) -> SearchStrategy[Any]:
        held = world.interfaces[interface].attachment if interface in world.interfaces else None
        return st.sampled_from([*([held.id] * 9 if held else []), *pool(world, "eni-attach")[-2:]])

    return of(choose)


TAGGED = st.sampled_from(list(NOT_FOUND)).flatmap(an)
_MANY = [[{"Key": f"{letter}{n}", "Value": letter} for n in range(30)] for letter in "ab"]
TAGS = st.sampled_from(
    [
        [{"Key": "Name", "Value": "one"}],
        [{"Key": "Name", "Value": "two"}, {"Key": "k1", "Value": "a"}],
        [{"Key": "k1", "Value": "b"}],
        [{"Key": "aws:x", "Value": "a"}],
        [one for many in _MANY for one in many],
    ]
)
