"""Instances are guest nodes while they exist; what is terminated is gone from the wire."""

from collections.abc import Iterable

from atoll.compile.passes import of
from atoll.model.kinds import Instance
from atoll.model.machines import POWERED
from atoll.plan.rows import Node, NodeKind, Row
from atoll.records import View


def node(_view: View, instance: Instance) -> Iterable[Row]:
    """The instance's node; powered from the first moment of its boot to the call that stops it."""
    if instance.state != "terminated":
        yield Node(
            id=instance.id,
            site=instance.zone,
            kind=NodeKind.GUEST,
            powered=instance.state in POWERED,
            origin=(instance.id,),
        )


PASSES = (of(Instance, node),)
