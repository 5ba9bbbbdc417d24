"""Calls about the ways that packets take: route tables, network ACLs, NAT gateways, prefix lists; and tags."""

from collections.abc import Callable, Iterator

from tests.crash.aws import tagged
from tests.crash.things import OF_ELB, OWNED, Key, Known, Step, Things, delete, put, without

DESTINATIONS = ("0.0.0.0/0", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
TARGETS = {"gateway": "GatewayId", "nat": "NatGatewayId", "eni": "NetworkInterfaceId"}
WAYS = {"in": "false", "out": "true"}
TAG_KEYS = ("stage", "owner")
LIST_PORTS = range(60_000, 60_100)
"""Of rules that name prefix lists, apart from those of others."""

Options = Iterator[tuple[float, Callable[[], Step]]]


class Paths(Known):
    """What a client may ask about them next: each with its weight."""

    def path_options(self) -> Options:
        """All of them."""
        yield from self._table_options()
        yield from self._acl_options()
        yield from self._nat_options()
        yield from self._list_options()
        named = [key[1] for key in self.things if key[0] not in OWNED | OF_ELB]
        if len(named) > 1:
            yield 3, lambda: self._tag(*self.rng.sample(named, 2))

    def _table_options(self) -> Options:
        vpcs, tables = self.names("vpc"), self.names("table")
        pick = self.rng.choice
        if vpcs:
            yield 4 if len(tables) < 3 else 0, lambda: self._table(pick(vpcs))
        if tables:
            yield 5, lambda: self._route(pick(tables))
            yield 0.4, lambda: delete("table", pick(tables), "RouteTable")
        pairs = [(one, table) for table in tables for one in self.in_vpc("subnet", self.things["table", table][0])]
        yield 3 if pairs else 0, lambda: self._table_of(*pick(pairs))

    def _acl_options(self) -> Options:
        vpcs, acls = self.names("vpc"), self.names("acl")
        pick = self.rng.choice
        if vpcs:
            yield 3 if len(acls) < 3 else 0, lambda: self._acl(pick(vpcs))
        if acls:
            yield 5, lambda: self._entry(pick(acls))
            yield 0.4, lambda: delete("acl", pick(acls), "NetworkAcl")
        pairs = [(one, acl) for acl in acls for one in self.in_vpc("subnet", self.things["acl", acl][0])]
        yield 3 if pairs else 0, lambda: self._acl_of(*pick(pairs))

    def _nat_options(self) -> Options:
        nats = self.names("nat")
        open_ = [one for one in self.names("subnet") if self.things["subnet", one][0] in self.open_vpcs()]
        free = [one for one in self.names("address") if not self.things["address", one][0]]
        pick = self.rng.choice
        if open_ and free and len(nats) < 2:
            yield 3, lambda: self._nat(pick(open_), pick(free))
        if nats:
            yield 0.7, lambda: self._end_nat(pick(nats))

    def _list_options(self) -> Options:
        lists, groups = self.names("list"), self.names("group")
        pick = self.rng.choice
        yield 2 if len(lists) < 2 else 0, self._list
        if lists:
            yield 4, lambda: self._entries(pick(lists))
            used = {value[0] for key, value in self.things.items() if key[0] == "rule" and value}
            used |= {key[2] for key in self.things if key[0] == "route"}
            if unused := [one for one in lists if one not in used]:
                yield 0.4, lambda: delete("list", pick(unused), "ManagedPrefixList", "PrefixListId")
        if lists and groups:
            yield 3, lambda: self._list_rule(pick(groups), pick(lists))

    def _table(self, vpc: str) -> Step:
        name = self.new("table")
        params = {"VpcId": f"{{{vpc}}}", **tagged("route-table", name)}
        return Step("CreateRouteTable", params, put(("table", name), vpc), (name, "routeTable/routeTableId"))

    def _route(self, table: str) -> Step:
        """One comes, leads elsewhere, or goes."""
        vpc = self.things["table", table][0]
        to = self.rng.choice([*DESTINATIONS, *self.names("list")])
        key = ("route", table, to)
        aim = {"DestinationCidrBlock": to} if to in DESTINATIONS else {"DestinationPrefixListId": f"{{{to}}}"}
        params = {"RouteTableId": f"{{{table}}}", **aim}
        targets = [("gateway", one) for one in self.in_vpc("gateway", vpc)]
        targets += [(kind, one) for kind in ("nat", "eni") for one in self.names(kind) if self.vpc_of(kind, one) == vpc]
        if key in self.things and (not targets or self.rng.random() < 0.3):
            return Step("DeleteRoute", params, without(key))
        if not targets:
            return (
                self._table_of(self.rng.choice(self.names("subnet")), table) if self.names("subnet") else self._list()
            )
        kind, target = self.rng.choice(targets)
        params[TARGETS[kind]] = f"{{{target}}}"
        return Step("ReplaceRoute" if key in self.things else "CreateRoute", params, put(key, target))

    def _table_of(self, subnet: str, table: str) -> Step:
        """A subnet gets a table, another one, or the main one again."""
        key, id_ = ("association", subnet), f"association of {subnet}"
        if key not in self.things:
            params = {"RouteTableId": f"{{{table}}}", "SubnetId": f"{{{subnet}}}"}
            return Step("AssociateRouteTable", params, put(key, table), (id_, "associationId"))
        params = {"AssociationId": f"{{{id_}}}"}
        if self.rng.random() < 0.4:
            return Step("DisassociateRouteTable", params, without(key))
        params["RouteTableId"] = f"{{{table}}}"
        return Step("ReplaceRouteTableAssociation", params, put(key, table), (id_, "newAssociationId"))

    def _acl(self, vpc: str) -> Step:
        name = self.new("acl")
        params = {"VpcId": f"{{{vpc}}}", **tagged("network-acl", name)}
        return Step("CreateNetworkAcl", params, put(("acl", name), vpc), (name, "networkAcl/networkAclId"))

    def _entry(self, acl: str) -> Step:
        """One comes, says something else, or goes."""
        way, number = self.rng.choice(tuple(WAYS)), str(self.rng.randrange(1, 8))
        key = ("entry", acl, way, number)
        params = {"NetworkAclId": f"{{{acl}}}", "Egress": WAYS[way], "RuleNumber": number}
        there = key in self.things
        if there and self.rng.random() < 0.4:
            return Step("DeleteNetworkAclEntry", params, without(key))
        action, block = self.rng.choice(("allow", "deny")), self.rng.choice(DESTINATIONS)
        params |= (
            {"Protocol": "6", "PortRange.From": "80", "PortRange.To": "90"} if number > "4" else {"Protocol": "-1"}
        )
        params |= {"RuleAction": action, "CidrBlock": block}
        word = "ReplaceNetworkAclEntry" if there else "CreateNetworkAclEntry"
        return Step(word, params, put(key, action, block))

    def _acl_of(self, subnet: str, acl: str) -> Step:
        """Another ACL for a subnet. A fresh subnet's association is known after the next look, refused until then."""
        id_ = f"acl association of {subnet}"
        params = {"AssociationId": f"{{{id_}}}", "NetworkAclId": f"{{{acl}}}"}
        return Step("ReplaceNetworkAclAssociation", params, put(("acl of", subnet), acl), (id_, "newAssociationId"))

    def _nat(self, subnet: str, address: str) -> Step:
        name, ip = self.new("nat"), self.free_ip(self.things["subnet", subnet][1])
        params = {"SubnetId": f"{{{subnet}}}", "AllocationId": f"{{{address}}}", "PrivateIpAddress": ip}
        made, held = put(("nat", name), subnet, "available"), put(("address", address), name, ip)

        def change(things: Things) -> Things:
            return held(made(things))

        params |= tagged("natgateway", name)
        return Step("CreateNatGateway", params, change, (name, "natGateway/natGatewayId"), settles=True)

    def _end_nat(self, nat: str) -> Step:
        return delete("nat", nat, "NatGateway")._replace(settles=True)

    def _list(self) -> Step:
        """With two entries: both are there, or no list is."""
        name = self.new("list")
        blocks = sorted(self._blocks(2))
        params = {"PrefixListName": name, "AddressFamily": "IPv4", "MaxEntries": "8", **tagged("prefix-list", name)}
        params |= {f"Entry.{number}.Cidr": block for number, block in enumerate(blocks, 1)}
        return Step(
            "CreateManagedPrefixList", params, put(("list", name), "1", *blocks), (name, "prefixList/prefixListId")
        )

    def _entries(self, name: str) -> Step:
        """Some go and others come, in one call: a version."""
        version, *there = self.things["list", name]
        gone = self.rng.sample(there, min(len(there), 2 if len(there) > 4 else 1))
        fresh = sorted(self._blocks(2) - set(there))
        params = {"PrefixListId": f"{{{name}}}", "CurrentVersion": version}
        params |= {f"RemoveEntry.{number}.Cidr": block for number, block in enumerate(gone, 1)}
        params |= {f"AddEntry.{number}.Cidr": block for number, block in enumerate(fresh, 1)}
        left = sorted({*there, *fresh} - set(gone))
        return Step("ModifyManagedPrefixList", params, put(("list", name), str(int(version) + 1), *left))

    def _blocks(self, count: int) -> set[str]:
        return {f"100.{self.rng.randrange(64, 128)}.0.0/16" for _ in range(count)}

    def _list_rule(self, group: str, name: str) -> Step:
        """A rule that lets a list's blocks in; two a group, since each counts as many rules as its list may hold."""
        there = [key for key, value in self.things.items() if key[:2] == ("rule", group) and value]
        gone = len(there) > 1
        ports: list[Key] = [("rule", group, str(port)) for port in LIST_PORTS]
        key = self.rng.choice(there if gone else [one for one in ports if one not in there])
        listed = self.things[key][0] if gone else name
        start = "IpPermissions.1."
        params = {
            "GroupId": f"{{{group}}}",
            f"{start}IpProtocol": "tcp",
            f"{start}PrefixListIds.1.PrefixListId": f"{{{listed}}}",
        }
        params |= {f"{start}FromPort": key[2], f"{start}ToPort": key[2]}
        if gone:
            return Step("RevokeSecurityGroupIngress", params, without(key))
        return Step("AuthorizeSecurityGroupIngress", params, put(key, name))

    def _tag(self, *names: str) -> Step:
        """Two things get a tag in one call, or lose it."""
        tag, value = self.rng.choice(TAG_KEYS), str(self.rng.randrange(1000))
        keys = [("tag", name, tag) for name in names]
        params = {f"ResourceId.{number}": f"{{{name}}}" for number, name in enumerate(names, 1)}
        params["Tag.1.Key"] = tag
        if all(key in self.things for key in keys):
            return Step("DeleteTags", params, without(*keys))
        return Step(
            "CreateTags", {**params, "Tag.1.Value": value}, lambda old: {**old, **dict.fromkeys(keys, (value,))}
        )

    def gateway(self, vpc: str) -> Step:
        """An internet gateway is made, attached to the VPC, or detached from it."""
        mine = [key[1] for key, value in self.things.items() if key[0] == "gateway" and value == (vpc,)]
        free = [key[1] for key, value in self.things.items() if key[0] == "gateway" and value == ("",)]
        params = {"VpcId": f"{{{vpc}}}"}
        if mine:
            params["InternetGatewayId"] = f"{{{mine[0]}}}"
            return Step("DetachInternetGateway", params, put(("gateway", mine[0]), ""))
        if free:
            params["InternetGatewayId"] = f"{{{free[0]}}}"
            return Step("AttachInternetGateway", params, put(("gateway", free[0]), vpc))
        name = self.new("gateway")
        made = (name, "internetGateway/internetGatewayId")
        return Step("CreateInternetGateway", tagged("internet-gateway", name), put(("gateway", name), ""), made)
