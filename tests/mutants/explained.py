"""Mutants that survive the witness with a reason: nothing that they change can be observed, or a test judges it."""

from tests.mutants.mutate import Mutant

EQUIVALENT: dict[str, list[str]] = {
    "a fast path: without it the kernel asks a table, or a set, that says the same": [
        (
            "atoll.fabric.kernel.passes.segments delivered: 4  ->  5  in  delivered = [route.prefix for route in "
            "routes if isinstance(route.via, Deliver) and route.prefix.family == 4]"
        ),
        (
            "atoll.fabric.kernel.passes.links _arrival: (pipeline.zone_towards_middlebox(),) if boxes else ()  "
            "->  (pipeline.zone_towards_middlebox(),) if True else ()  in  towards_box = "
            "(pipeline.zone_towards_middlebox(),) if boxes else ()"
        ),
    ],
    "a register that nobody reads: a map has to put its value somewhere": [
        (
            "atoll.fabric.kernel.passes.links _mapped_departure: 8  ->  9  in  from_inside = "
            '(Load(Meta.OIFNAME), pipeline.address(pipeline.SOURCE, 4), Lookup("remap", 0, 8), pipeline.RETURN)'
        ),
    ],
    "other bytes for the hash that spreads connections: which of equals is taken is nobody's business": [
        (
            "atoll.fabric.kernel.passes.translators _pick: 0  ->  1  in  LoadPacket(Base.TRANSPORT, 4 if "
            "protocol == ICMP else 0, 4, 2),"
        ),
    ],
    "a guard for types: what it asks for is always there, or the next line gives the same answer": [
        (
            "atoll.model.balancing checked_from: balancer_of(view, group) if group is not None else None  ->  "
            "balancer_of(view, group) if True else None  in  balancer = balancer_of(view, group) if group is not "
            "None else None"
        ),
        (
            "atoll.compile.routes via_of: interface is None or interface.instance is None  ->  interface is None "
            "and interface.instance is None  in  if interface is None or interface.instance is None:"
        ),
        (
            "atoll.analyze.walk _Walker._send: held_by(self.plan, port.node, self.flow.destination) if port.node "
            "e...  ->  held_by(self.plan, port.node, self.flow.destination) if True else None  in  own = "
            "held_by(self.plan, port.node, self.flow.destination) if port.node else None"
        ),
        (
            "atoll.analyze.history reply: connection.receiver is None or connection.seen is None  ->  "
            "connection.receiver is None and connection.seen is None  in  if connection.receiver is None or "
            "connection.seen is None:"
        ),
    ],
    "what is not empty is asked once more before it is used, or is not used in this case": [
        (
            "atoll.analyze.reach.flows Box._can_be: both(self.source, self.destination) if case & SAME_ADDRESSES "
            "else N...  ->  both(self.source, self.destination) if True else NOTHING  in  common = "
            "both(self.source, self.destination) if case & SAME_ADDRESSES else NOTHING"
        ),
        (
            "atoll.analyze.reach.flows _only: None if kept.empty else kept  ->  None if False else kept  in  "
            "return None if kept.empty else kept"
        ),
    ],
    "a NAT gateway wears no groups, so whether it is the sender changes no rule's answer": [
        (
            "atoll.analyze.reach.leg Leg._through: part.view.source  ->  part.view.destination  in  for own, box "
            "in by_owner(self.plan, port, segment.domain, part.box, part.view.source):"
        ),
    ],
    "packets of protocols without ports are made with port 0": [
        (
            "tests.spec.flow Probe.packet: self.source_port if protocol in ports else 0  ->  self.source_port if "
            "True else 0  in  own = self.source_port if protocol in ports else 0"
        ),
    ],
    "an interface's name of four bytes ends with zeros, as many as one compares": [
        (
            "atoll.fabric.kernel.pipeline _to_translators: 4  ->  5  in  strangers = (bytes(4), "
            'names.LOOPBACK.encode().ljust(4, b"\\0"))  # nowhere, or where nobody\'s addresses go  (2)'
        ),
    ],
    "of any type no code can be named: the API refuses it": [
        "atoll.analyze.reach.rules services: 256  ->  257  in  kinds = range(256) if kind == -1 else (kind,)",
    ],
    "who goes round in circles is lost one round earlier or later": [
        (
            "tests.spec.journey Journey._pass_on: self.translations < 32  ->  self.translations <= 32  in  opens "
            "&= self.translations < 32"
        ),
        "tests.spec.journey Journey._pass_on: 32  ->  33  in  opens &= self.translations < 32",
    ],
    "port 1024 becomes 1024": [
        (
            "tests.spec.journey Journey._give: packet.source_port < 1024  ->  packet.source_port <= 1024  in  "
            "low = packet.protocol != ICMP and packet.source_port < 1024  # fact 85; else it keeps its own "
            "(decision)"
        ),
    ],
}
"""Why nothing can be seen of an error, and which those are."""

ELSEWHERE: dict[str, list[str]] = {
    "tests/unit/test_compile_balancers.py::test_a_load_balancer_that_is_provisioned_is_nobody_yet": [
        (
            "atoll.compile.load_balancers node: if balancer is not None and balancer.state == 'active': yield "
            "Node(...  ->  if True: yield Node(id=zone.node, site=zone.zone, kind=NodeKind.BAL...  in  if "
            'balancer is not None and balancer.state == "active":'
        ),
    ],
    "tests/unit/test_compile_balancers.py::test_a_sticky_group_goes_by_the_source": [
        (
            "atoll.compile.load_balancers listener: setting(group, 'stickiness.enabled') == 'true'  ->  "
            "setting(group, 'stickiness.enabled') != 'true'  in  hash_ = Hash.SOURCE if setting(group, "
            '"stickiness.enabled") == "true" else Hash.FLOW'
        ),
        (
            "atoll.compile.load_balancers listener: Hash.SOURCE if setting(group, 'stickiness.enabled') == "
            "'true' else ...  ->  Hash.SOURCE if False else Hash.FLOW  in  hash_ = Hash.SOURCE if setting(group, "
            '"stickiness.enabled") == "true" else Hash.FLOW'
        ),
    ],
    "tests/unit/test_compile_balancers.py::test_a_share_of_targets_is_rounded_up": [
        (
            'atoll.model.balancing _fewest: 100  ->  101  in  share = 0 if percentage == "off" else '
            "-(-registered * int(percentage) // 100)"
        ),
        (
            "atoll.model.balancing zones_in_dns: len(healthy(here)) >= _fewest(group, 'dns_failover', len(here)) "
            " ->  len(healthy(here)) > _fewest(group, 'dns_failover', len(here))  in  return len(healthy(here)) "
            '>= _fewest(group, "dns_failover", len(here))'
        ),
    ],
    "tests/unit/test_compile_balancers.py::test_an_address_in_no_subnet_gets_nothing": [
        (
            "atoll.model.balancing places: if place is not None: yield place  ->  if True: yield place  in  if "
            "place is not None:"
        ),
    ],
    "tests/unit/elbv2/test_zonal_shift.py::test_a_shift_takes_the_zone_out_of_the_name_until_it_is_cancelled": [
        (
            "atoll.model.balancing shifted_from: setting(balancer, 'zonal_shift.config.enabled') != 'true'  ->  "
            "setting(balancer, 'zonal_shift.config.enabled') == 'true'  in  if setting(balancer, "
            '"zonal_shift.config.enabled") != "true":'
        ),
    ],
    "tests/unit/elbv2/test_listeners.py::test_attributes_have_aws_defaults_and_change": [
        (
            "atoll.model.balancing defaults: 'true' if datagrams else 'false'  ->  'true' if True else 'false'  "
            'in  "deregistration_delay.connection_termination.enabled": "true" if datagrams else "false",'
        ),
    ],
    "tests/unit/elbv2/test_targets.py::test_addresses": [
        (
            "atoll.model.balancing is_node: view.get(NetworkInterface, held.interface) if held else None  ->  "
            "view.get(NetworkInterface, held.interface) if False else None  in  interface = "
            "view.get(NetworkInterface, held.interface) if held else None"
        ),
    ],
    "tests/unit/test_compile_names.py::test_a_users_host_of_former_days_is_not_in_the_way_of_the_resolver": [
        (
            "atoll.compile.internet host: if mine.ip not in (RESOLVER, AWS, UPLINK): yield from host_rows(min... "
            " ->  if True: yield from host_rows(mine.ip)  in  if mine.ip not in (RESOLVER, AWS, UPLINK):"
        ),
        (
            "atoll.compile.internet host_rows: one == ip  ->  one != ip  in  yield Address(domain=INTERNET, "
            "ip=one, port=name, primary=one == ip)"
        ),
    ],
    "tests/unit/test_compile_lists.py::test_a_route_to_a_block_comes_of_no_list": [
        (
            "atoll.compile.routes route: [mine.prefix_list] if mine.prefix_list else []  ->  [mine.prefix_list] "
            "if True else []  in  origin = (table.id, *([mine.prefix_list] if mine.prefix_list else []), "
            "mine.target)"
        ),
    ],
    "tests/unit/test_compile.py::test_terminated_instance_is_off_the_wire": [
        (
            "atoll.compile.instances node: if instance.state != 'terminated': yield Node(id=instance.id, "
            "site=...  ->  if True: yield Node(id=instance.id, site=instance.zone, kind=NodeKi...  in  if "
            'instance.state != "terminated":'
        ),
    ],
    "tests/unit/test_walk_explain.py::test_each_hop_of_a_packet_and_of_its_answer": [
        (
            "atoll.analyze.walk Walk.refusals: for hop in self.hops if hop.refusal  ->  for hop in self.hops  in "
            " return tuple(hop for hop in self.hops if hop.refusal)"
        ),
    ],
    "tests/unit/test_walk.py::test_an_egress_only_link_is_opened_from_inside_alone": [
        (
            "atoll.analyze.links cross: _one_way(link, outward, over, frames) if link.from_a else over  ->  "
            "_one_way(link, outward, over, frames) if False else over  in  over = _one_way(link, outward, over, "
            "frames) if link.from_a else over"
        ),
    ],
    "tests/unit/test_walk.py::test_a_vpc_takes_what_is_for_its_services_past_rules_fences_and_tables": [
        (
            "atoll.analyze.history _exchange: walk.flow.destination  ->  walk.flow.source  in  answerer = "
            "walk.flow.destination"
        ),
    ],
    "tests/unit/test_walk_history.py::test_a_guest_answers_out_of_the_port_that_has_the_address_whichever_was_asked": [
        (
            "atoll.analyze.history _answering: held.port if held else None  ->  held.port if False else None  in "
            " return held.port if held else None"
        ),
    ],
    "tests/unit/test_walk_history.py::test_the_state_of_a_connection_spans_the_legs_through_a_middlebox": [
        (
            "atoll.analyze.history _exchange: flow.source  ->  flow.destination  in  answered = back.flow == "
            "flow.reply() and _heard(plan, port, back.at, flow.source)"
        ),
    ],
    "tests/unit/test_walk_history.py::test_an_untracked_connection_is_cut_with_its_rule_and_recovers_with_it": [
        (
            "atoll.analyze.walk _Walker._rules: if judgement.allowed and judgement.tracked and self.opener: "
            "brought...  ->  if True: brought = next_to.id if direction is Direction.IN and next...  in  if "
            "judgement.allowed and judgement.tracked and self.opener:"
        ),
    ],
    "tests/unit/test_reach_walk.py::test_each_flow_of_a_set_has_the_fate_that_the_walk_gives_it": [
        (
            "atoll.analyze.reach.flows _same_port: if named == SPORT: return box._replace(sport=both(box.sport, "
            "single...  ->  if False: return box._replace(sport=both(box.sport, single(constant)))  in  if named "
            "== SPORT:"
        ),
    ],
    "tests/spec_tests/test_spec_paths.py::test_services_that_filters_do_not_touch_are_refused": [
        (
            "tests.spec.journey Journey._refuse_services: packet.destination  ->  packet.source  in  asks_it = "
            "packet.destination == resolver and packet.destination_port == 53"
        ),
    ],
    "tests/spec_tests/test_spec_histories.py::TestTracking::test_a_tracked_flow_outlives_its_rule_and_new_ones_die": [
        (
            "tests.spec.history History.reply: Reason.NONE if _belongs(world, connection, back) else "
            "Reason.ELSEWHERE  ->  Reason.NONE if False else Reason.ELSEWHERE  in  return _verdict(back, "
            "Reason.NONE if _belongs(world, connection, back) else Reason.ELSEWHERE)"
        ),
        (
            "tests.spec.history History._exchange: connection.received is None  ->  connection.received is not "
            "None  in  if connection.received is None:"
        ),
    ],
    "tests/spec_tests/test_spec_histories.py::TestHostsThatChange::test_a_deleted_interface_has_no_socket": [
        (
            "tests.spec.world World.host: self.enis[place].host if place in self.enis else None  ->  "
            "self.enis[place].host if True else None  in  return self.enis[place].host if place in self.enis "
            "else None"
        ),
    ],
    "tests/spec_tests/test_spec_translators.py::test_a_port_below_1024_becomes_another": [
        (
            "tests.spec.journey Journey._give: 1024 if low else packet.source_port  ->  1024 if False else "
            "packet.source_port  in  sent = replace(packet, source=nat.gives or nat.primary, source_port=1024 if "
            "low else packet.source_port)"
        ),
        (
            "tests.spec.journey Journey._give: 1024 if low else packet.source_port  ->  1024 if True else "
            "packet.source_port  in  sent = replace(packet, source=nat.gives or nat.primary, source_port=1024 if "
            "low else packet.source_port)"
        ),
    ],
    "tests/unit/test_walk_history.py::test_a_refused_packet_ends_no_silence_behind_who_refuses_it": [
        (
            "atoll.analyze.walk _Walker._rules: if self.refusal is None: "
            "self.heard.append(known.hears(opener=self....  ->  if True: "
            "self.heard.append(known.hears(opener=self.opener))  in  if self.refusal is None:"
        ),
    ],
    "tests/unit/test_compile.py::test_an_available_nat_gateway_is_a_translator_that_gives_what_does_not_drain": [
        "atoll.compile.interfaces port: False  ->  True  in  guard=False,",
    ],
    "tests/kernel/test_fabric_balancers.py::test_the_servers_table_leads_to_a_middlebox": [
        (
            "atoll.fabric.kernel.passes.balancers home: view.get(Address, row.domain, row.name) if row.sort == "
            "BACKEND else...  ->  view.get(Address, row.domain, row.name) if False else None  in  owner = "
            "view.get(Address, row.domain, row.name) if row.sort == BACKEND else None"
        ),
    ],
    "tests/kernel/test_fabric_paths.py::test_an_edge_table_leads_what_comes_in_through_a_middlebox": [
        (
            "atoll.fabric.kernel.passes.links _behind_middlebox: max  ->  min  in  best = max(routes, key=lambda "
            "one: one.prefix.length, default=None)"
        ),
    ],
    "tests/kernel/test_fabric_fences.py::test_icmp_types_and_codes": [
        (
            "atoll.fabric.kernel.passes.fences _protocol: if match.protocol == ICMP: return (*is_it, "
            "*_icmp(match.icmp))  ->  if False: return (*is_it, *_icmp(match.icmp))  in  if match.protocol == "
            "ICMP:"
        ),
    ],
    "tests/kernel/test_fabric_fences.py::test_the_first_rule_that_matches_decides": [
        (
            "atoll.fabric.kernel.passes.fences lines: Direction.IN  ->  Direction.OUT  in  offset = "
            "pipeline.SOURCE if rule.direction is Direction.IN else pipeline.DESTINATION"
        ),
    ],
    "tests/kernel/test_fabric_groups.py::test_icmp_has_types": [
        (
            "atoll.fabric.kernel.passes.groups _others: _icmp(match.icmp) if match.protocol == ICMP else _ALL  "
            "->  _icmp(match.icmp) if False else _ALL  in  values = _icmp(match.icmp) if match.protocol == ICMP "
            "else _ALL"
        ),
    ],
    "tests/kernel/test_fabric_groups.py::test_a_tracked_connection_outlives_its_rule_and_an_untracked_one_does_not": [
        (
            "atoll.fabric.kernel.passes.groups _world: 4  ->  5  in  whole = isinstance(peer, In) and "
            "peer.prefix.family == 4 and peer.prefix.length == 0"
        ),
    ],
    "tests/unit/test_reach_spans.py::test_spans_are_sets": [
        (
            "atoll.analyze.reach.spans without: if next_left < other[cut][0]: found.append((next_left, "
            "other[cut][0...  ->  if False: found.append((next_left, other[cut][0] - 1))  in  if next_left < "
            "other[cut][0]:"
        ),
    ],
    "tests/spec_tests/test_spec_acls.py::test_icmp_entries_name_type_and_code": [
        "tests.spec.flow Packet.answer: 0  ->  1  in  return Packet(self.protocol, *ends, ECHO_REPLY, 0)",
    ],
    "tests/spec_tests/test_spec_histories.py::TestElasticIps": [
        (
            "tests.spec.journey Journey._groups_pass: None if other else self._public_side(eni, packet)  ->  "
            "None if True else self._public_side(eni, packet)  in  entry = (eni.incarnation, packet.flow, None "
            "if other else self._public_side(eni, packet))"
        ),
    ],
    "tests/spec_tests/test_spec_histories.py::TestHostsThatChange::test_the_initiators_socket_dies_with_its_instance": [
        (
            "tests.spec.history History.send: host is None or host != connection.prober  ->  host is None and "
            "host != connection.prober  in  if host is None or host != connection.prober:"
        ),
    ],
}
"""A test that fails with an error of which the witness knows nothing: it is run, and has to."""


def why(mutant: Mutant) -> str:
    """Empty where nobody has explained it."""
    return next((reason for reason, those in EQUIVALENT.items() if mutant.name in those), "")


def judge(mutant: Mutant) -> str:
    """The test that is to fail with it, if there is one."""
    return next((test for test, those in ELSEWHERE.items() if mutant.name in those), "")
