"""What becomes of the cloud's records when an instance starts, stops or ends (facts 72, 258, 259)."""

from msgspec.structs import replace

from atoll.model.kinds import Instance
from atoll.model.machines import TERMINATED_STAYS, Event, step
from atoll.model.tx import Tx
from atoll.services.ec2 import instance_profiles, public_addresses, root_volumes
from atoll.services.ec2.instance_shape import interfaces_of
from atoll.services.ec2.interface_making import detach, end_interface

BY_USER = "Client.UserInitiatedShutdown"


def on_event(tx: Tx, instance_id: str, boot: int, event: Event) -> None:
    """The engine's entry: a guest's event or a timer's.

    What concerns an instance that is gone, or an earlier boot of it, says nothing any more.
    """
    instance = tx.get(Instance, instance_id)
    if instance is None or instance.boot != boot:
        return
    if event is Event.TIMER:
        _forget(tx, instance)
        return
    after = step(instance, event)
    if after is None:
        return
    if after.state == "terminated":
        _end(tx, after)
        return
    tx.put(after)
    if event in (Event.EXITED, Event.OVERRUN, Event.FAILED):
        _lose_public_ips(tx, after)


def start(tx: Tx, instance: Instance) -> Instance:
    """A stopped instance boots: another boot, and another automatic public address if it wants one."""
    started = replace(
        instance,
        state="pending",
        boot=instance.boot + 1,
        launched=tx.time,
        state_reason="",
        reason_code="pending",
        forced=False,
    )
    tx.put(started)
    public_addresses.grant(tx, interfaces_of(tx, started)[0])
    return started


def stop(tx: Tx, instance: Instance, *, forced: bool) -> Instance:
    """The user stops it: its automatic public address is gone at once."""
    stopping = replace(instance, state="stopping", state_reason=_user_initiated(tx), reason_code=BY_USER, forced=forced)
    tx.put(stopping)
    _lose_public_ips(tx, stopping)
    return stopping


def reboot(tx: Tx, instance: Instance) -> Instance:
    """It keeps its state and all addresses."""
    rebooting = replace(instance, state="rebooting", boot=instance.boot + 1)
    tx.put(rebooting)
    return rebooting


def terminate(tx: Tx, instance: Instance, *, forced: bool) -> Instance:
    """The user ends it; its ENIs go when the guest is gone."""
    ending = replace(
        instance, state="shutting-down", state_reason=_user_initiated(tx), reason_code=BY_USER, forced=forced
    )
    tx.put(ending)
    _lose_public_ips(tx, ending)
    return ending


def _user_initiated(tx: Tx) -> str:
    return f"User initiated ({tx.time:%Y-%m-%d %H:%M:%S} GMT)"


def _lose_public_ips(tx: Tx, instance: Instance) -> None:
    for interface in interfaces_of(tx, instance):
        public_addresses.release(tx, interface)


def _end(tx: Tx, instance: Instance) -> None:
    """Its ENIs and its volume are deleted or free, as each attachment says; it is described for a while yet."""
    for interface in interfaces_of(tx, instance):
        if interface.attachment is not None and interface.attachment.delete_on_termination:
            end_interface(tx, interface)
        else:
            detach(tx, interface)
    root_volumes.end(tx, instance)
    instance_profiles.end(tx, instance)
    tx.put(replace(instance, due=tx.now + TERMINATED_STAYS, user_data=b""))


def _forget(tx: Tx, instance: Instance) -> None:
    if instance.state == "terminated" and instance.due is not None and instance.due <= tx.now:
        tx.delete(instance)
