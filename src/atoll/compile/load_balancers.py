"""A network load balancer is a balancer node a zone; a listener is a frontend on each, its targets are backends.

A node is heard of as long as it reaches its VPC from where it is: it asks what every VPC answers, past tables, fences
and filters, so nothing that a user can write shuts it up, and what cuts its zone or its wire does.

Which targets are eligible is settled here: zones, cross-zone, health, and that a node without enough healthy ones sends
to all of them (facts 180, 181). Ports, routes and public addresses come from the nodes' ENIs, as everybody's do.
"""

from collections.abc import Iterable

from atoll.compile.passes import of
from atoll.model.balancing import (
    Place,
    announces_client,
    checked_from,
    keeps_client,
    place_of,
    places,
    receivers,
    setting,
    terminates,
)
from atoll.model.kinds import BalancerZone, Listener, LoadBalancer, Target, TargetGroup
from atoll.packet import TCP, UDP
from atoll.plan.rows import Backend, Frontend, Hash, Node, NodeKind, Probe, Row
from atoll.plan.services import METADATA
from atoll.records import View

PROTOCOLS = {"TCP": (TCP,), "UDP": (UDP,), "TCP_UDP": (TCP, UDP)}
DATAGRAMS_IDLE = 120
"""Seconds after which a silent flow of UDP is forgotten (fact 183)."""
HEARTBEAT, HEARTBEAT_PATIENCE, HEARTBEATS = 5, 4, 2
"""How a node is heard of: every so many seconds, an answer within so many; so many in a row change what is known of it.
As the quickest health check of a target, but more patient, since a busy machine is no dead node: of its nodes AWS
publishes nothing."""


def node(view: View, zone: BalancerZone) -> Iterable[Row]:
    """While the load balancer is being provisioned it does not work yet."""
    balancer = view.get(LoadBalancer, zone.balancer)
    if balancer is not None and balancer.state == "active":
        yield Node(id=zone.node, site=zone.zone, kind=NodeKind.BALANCER, origin=(balancer.arn,))
        yield Probe(
            id="/".join(zone.key[1:]),
            node=zone.node,
            address=METADATA.ip,
            port=METADATA.port,
            interval=HEARTBEAT,
            timeout=HEARTBEAT_PATIENCE,
            healthy=HEARTBEATS,
            unhealthy=HEARTBEATS,
            origin=(balancer.arn,),
        )


def listener(view: View, one: Listener) -> Iterable[Row]:
    """Its frontends and their backends: every target, also those that get nothing now. It reads its whole group: AWS's
    quota bounds that."""
    balancer = view.get(LoadBalancer, one.balancer)
    group = view.get(TargetGroup, one.group)
    if balancer is None or group is None or balancer.state != "active":
        return
    hash_ = Hash.SOURCE if setting(group, "stickiness.enabled") == "true" else Hash.FLOW
    found = list(places(view, group))
    zones = view.by(BalancerZone, "balancer", balancer.id)
    enabled = {zone.zone for zone in zones}
    for zone in zones:
        chosen = {place.target.key for place in receivers(view, balancer, group, zone.zone, found)}
        for protocol in PROTOCOLS[one.protocol]:
            frontend = f"{one.id}/{zone.zone}/{protocol}"
            yield Frontend(
                id=frontend,
                node=zone.node,
                protocol=protocol,
                port=one.port,
                hash=hash_,
                keep=keeps_client(group),
                idle=int(setting(one, "tcp.idle_timeout.seconds")) if protocol == TCP else DATAGRAMS_IDLE,
                header=announces_client(group),
                origin=(one.arn,),
            )
            for place in found:
                key = place.target.key
                yield Backend(
                    frontend=frontend,
                    address=place.address,
                    port=place.target.port,
                    eligible=key in chosen,
                    cut=key not in chosen and (place.zone not in enabled or _is_cut(group, place)),
                    origin=(group.arn, place.target.target),
                )


def _is_cut(group: TargetGroup, place: Place) -> bool:
    """Whether the connections that it has are ended: it has turned unhealthy, or its drain is over.

    So are they in every node when its zone is removed from the load balancer (docs/modelling.md). A target that is
    stopped is unused, as Describe calls show it, whatever its last check has found.
    """
    target: Target = place.target
    if target.until is not None:
        return target.ended
    return place.running and target.health == "unhealthy" and terminates(group)


def probe(view: View, target: Target) -> Iterable[Row]:
    """A target that may get traffic is checked from every node that may send to it: a row for each enabled zone at most
    (NLBUG, load-balancer-troubleshooting: "health checks ... are distributed")."""
    group = view.get(TargetGroup, target.group)
    place = place_of(view, group, target) if group is not None else None
    if group is None or place is None:
        return
    for zone in checked_from(view, target):
        yield Probe(
            id="/".join((*target.key[1:], zone.zone)),
            node=zone.node,
            address=place.address,
            port=target.port if group.check_port == "traffic-port" else int(group.check_port),
            protocol=group.check_protocol.lower(),
            path=group.check_path,
            codes=group.check_codes,
            interval=group.interval,
            timeout=group.timeout,
            healthy=group.healthy_threshold,
            unhealthy=group.unhealthy_threshold,
            header=announces_client(group),
            origin=(group.arn, target.target),
        )


PASSES = (of(BalancerZone, node), of(Listener, listener), of(Target, probe))
