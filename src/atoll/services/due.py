"""What becomes of things whose time has come, each family's own entry."""

from collections.abc import Container

from atoll.model.kinds import InsightsAnalysis, LoadBalancer, NatGateway, Target, ZonalShift
from atoll.model.tx import Tx
from atoll.services.arc_zonal_shift import shifts
from atoll.services.ec2 import insights_analyses, nat_gateway_states
from atoll.services.elbv2 import load_balancers, targets

Timed = NatGateway | LoadBalancer | Target | InsightsAnalysis | ZonalShift


def look(tx: Tx, thing: Timed, held: Container[str] = ()) -> None:
    """Nothing happens when it has been looked at already. `held`: a NAT gateway's addresses that connections have."""
    match thing:
        case NatGateway():
            nat_gateway_states.on_due(tx, thing.id, held)
        case LoadBalancer():
            load_balancers.on_due(tx, thing.id)
        case Target():
            targets.on_due(tx, (thing.group, thing.target, str(thing.port)))
        case InsightsAnalysis():
            insights_analyses.on_due(tx, thing.id)
        case ZonalShift():
            shifts.on_due(tx, thing.id)
