"""What becomes of real packets."""

from collections.abc import Sequence

from atoll.fabric.kernel import KernelFabric
from tests.spec import Probe
from tests.witness.cloud import Cloud
from tests.witness.judges import NUMBERS, Fates, Seen, Step, Verb, place_of, port_of
from tests.witness.packets.frames import Packet
from tests.witness.packets.legs import by_middlebox, by_translator, out_by_middlebox, speaks_for_others
from tests.witness.packets.stand import Arrival, Place, Stand

RULES = {"add_rule", "remove_rules", "open_egress", "swap_groups", "change_times"}
RULES |= {"change_targets", "change_health", "health"}
"""Changes that leave every connection its way and what is known of it."""

FORGETTING = {"move_elastic_ip", "take_elastic_ip", "stop_or_start", "stop_and_start"}
FORGETTING |= {"move_interface", "change_addresses", "change_balancer"}
"""Changes after which the network may know a connection no more. To the kernel the receiver's next packet is then the
first of a connection of its own, or an answer to nothing; so it is tried once, by UDP, and nothing after it. Of what
came through a load balancer it cannot tell any more that it has to go back there: that is not tried."""

NOT_ASKED = None


class Packets:
    """See tests.witness.judges.Judge."""

    shows = True

    def __init__(self, cloud: Cloud, fabric: KernelFabric, *, reap: bool) -> None:
        self._fabric = fabric
        self._reap = reap
        self._stand = Stand(fabric, cloud.plan)
        self._stand.follow()
        self._plan = cloud.plan
        self._received: dict[Probe, tuple[str, Packet]] = {}
        self._forgotten = False
        self._rerouted = False
        self._boxed: set[Probe] = set()  # some leg led through a middlebox
        self._balanced: set[Probe] = set()  # a load balancer sent it on
        self._homes: dict[Probe, bool] = {}  # whether their targets' tables led towards the client by a middlebox
        self._translators: dict[Probe, str | None] = {}  # through which the first packet went, if any
        self._done: set[Probe] = set()  # nothing more can be said of these

    def changed(self, name: str) -> None:
        """Another network, perhaps without the leftovers of the one before."""
        self._forgotten = self._forgotten or name in FORGETTING
        self._rerouted = self._rerouted or name not in RULES
        while self._reap and self._fabric.reap():
            pass
        self._stand.follow()

    def wait(self, seconds: int) -> None:
        """Nothing more can be said of the connections that there were: the kernel forgets both ends at once, and takes
        for an established connection, and for a stream, something else (docs/kernel.md, tests/kernel)."""
        self._done |= self._translators.keys()

    def close(self) -> None:
        """Close every socket."""
        self._stand.close()

    def choose(self, probe: Probe, target: str | None) -> None:
        """It has happened."""

    def round(self, steps: Sequence[Step]) -> list[Fates | None]:
        """As many packets at once as there is room for."""
        room = self._stand.room
        return [one for start in range(0, len(steps), room) for one in self._round(steps[start : start + room])]

    def _round(self, steps: Sequence[Step]) -> list[Fates | None]:
        """All packets at once, then all answers at once."""
        sent = [self._reply(probe) if verb == "reply" else self._ask(verb, probe) for verb, probe in steps]
        asks = self._arrivals()
        answers = {}
        for arrival in asks.values():
            if not arrival.packet.answer:
                answers[arrival.packet.number] = self._answer(arrival)
        backs = self._arrivals()
        for number, arrival in self._stand.came.items():
            backs.setdefault(number, arrival)  # an answer to a health check
        back = {ask: backs.get(answer or 0) for ask, answer in answers.items()}
        seen = [self._seen(step, mine, asks, back) for step, mine in zip(steps, sent, strict=True)]
        return [[one] if one else None for one in seen]

    def _arrivals(self) -> dict[int, Arrival]:
        arrived = self._stand.settle()
        found = {arrival.packet.number: arrival for arrival in arrived}
        assert len(found) == len(arrived), f"a packet arrived twice: {arrived}"
        return found

    def _ask(self, verb: Verb, probe: Probe) -> Packet | None:
        """None where nothing is sent: by who has no interface, and what is a node's own, which reaches no network."""
        place = self._stand.places.get(port_of(probe.at))
        if place is not None and (
            speaks_for_others(self._plan, place.eni, probe.source)
            or out_by_middlebox(self._plan, place.eni, probe.source, probe.destination)
        ):
            self._boxed.add(probe)
        translator = by_translator(self._plan, place.eni, probe.destination) if place is not None else None
        if self._translators.setdefault(probe, translator) != translator:
            self._done.add(probe)  # another way, on which the kernel asks the rules anew
        self._follow_home(probe)
        if probe in self._done or (verb == "send" and self._rerouted and probe in self._boxed):
            return NOT_ASKED
        if place is None or probe.destination in self._stand.guests[place.node].addresses:
            return NOT_ASKED
        packet = Packet(
            self._stand.next_number(),
            NUMBERS[probe.protocol],
            probe.source,
            probe.source_port,
            probe.destination,
            probe.destination_port,
        )
        self._stand.send(place, packet)
        return packet

    def _reply(self, probe: Probe) -> Packet | None:
        self._follow_home(probe)
        if probe not in self._received or probe in self._boxed or probe in self._done:
            return NOT_ASKED
        node, received = self._received[probe]
        if self._goes_back_by_middlebox(probe, node, received):
            return NOT_ASKED
        if probe not in self._balanced and self._goes_back_by_translator(node, received):
            return NOT_ASKED
        if self._forgotten:
            self._done.add(probe)
            if probe.protocol != "udp" or probe in self._balanced:
                return NOT_ASKED
        packet = received.answered(self._stand.next_number())
        return packet if self._send_from(node, packet) else NOT_ASKED

    def _follow_home(self, probe: Probe) -> None:
        """Answers to a load balancer are tracked where a middlebox of their table would have them, or where none would:
        led elsewhere they are unknown."""
        if probe not in self._received or probe not in self._balanced:
            return
        node, received = self._received[probe]
        held = self._stand.guests[node].addresses if node in self._stand.guests else {}
        place = self._place(node, held[received.destination]) if received.destination in held else None
        if place is None:
            return
        if self._homes.setdefault(probe, way := by_middlebox(self._plan, place.eni, received.source)) != way:
            self._done.add(probe)

    def _goes_back_by_middlebox(self, probe: Probe, node: str, received: Packet) -> bool:
        held = self._stand.guests[node].addresses
        place = self._place(node, held[received.destination]) if received.destination in held else None
        if place is None or by_middlebox(self._plan, place.eni, received.source):
            self._boxed.add(probe)
        return probe in self._boxed

    def _goes_from_node_by_middlebox(self, probe: Probe, sent: Packet) -> bool:
        """The same for what a load balancer's node sends back to whoever it saw."""
        came = self._stand.came.get(sent.number)
        place = self._place(came.node, came.device) if came else None
        if came and place and by_middlebox(self._plan, place.eni, came.packet.source):
            self._boxed.add(probe)
        return probe in self._boxed

    def _goes_back_by_translator(self, node: str, received: Packet) -> bool:
        """Then the kernel tracks the way back apart from the way there, and asks the rules."""
        held = self._stand.guests[node].addresses
        place = self._place(node, held[received.destination]) if received.destination in held else None
        return place is not None and by_translator(self._plan, place.eni, received.source) is not None

    def _answer(self, arrival: Arrival) -> int | None:
        """Whoever has the address answers, from the interface that has it."""
        packet = arrival.packet.answered(self._stand.next_number())
        return packet.number if self._send_from(arrival.node, packet) else None

    def _send_from(self, node: str, packet: Packet) -> bool:
        held = self._stand.guests[node].addresses
        if packet.source not in held or packet.destination in held:
            return False
        place = self._place(node, held[packet.source])
        if place is None:
            return False
        self._stand.send(place, packet)
        return True

    def _place(self, node: str, device: str) -> Place | None:
        return next((one for one in self._stand.places.values() if (one.node, one.inside) == (node, device)), None)

    def _seen(
        self, step: Step, sent: Packet | None, arrived: dict[int, Arrival], backs: dict[int, Arrival | None]
    ) -> Seen | None:
        verb, probe = step
        if sent is None:
            return NOT_ASKED
        there = arrived.get(sent.number)
        target = self._stand.targets.get(sent.number)
        self._balanced |= {probe} if target else set()
        if there is None:
            return Seen(False, target=target)
        if verb != "reply":
            self._received.setdefault(probe, (there.node, there.packet))
            self._follow_home(probe)
        place = self._place(there.node, there.device)
        back = backs.get(sent.number)
        answered: bool | None = back is not None and self._belongs(probe, back)
        if verb != "reply" and self._goes_back_by_middlebox(probe, there.node, there.packet):
            answered = None
        if verb != "reply" and self._goes_from_node_by_middlebox(probe, sent):
            answered = None
        return Seen(
            True,
            place_of(place.eni) if place else f"{there.node} {there.device}",
            there.packet.source,
            there.packet.destination,
            answered,
            back.packet.source if back and answered else None,
            target=target,
        )

    def _belongs(self, probe: Probe, back: Arrival) -> bool:
        """Whether the prober takes it for the answer."""
        asker = self._stand.places.get(port_of(probe.at))
        ends = (back.packet.source, back.packet.destination)
        return asker is not None and asker.node == back.node and ends == (probe.destination, probe.source)
