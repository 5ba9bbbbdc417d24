"""State machines: what an instance becomes, and what its state demands of the guest.

Effects follow from the state alone, not from the step that led to it: the engine runs them when a committed state
is new, and again for every instance after a restart. So recovery needs no code of its own, and each effect must be
idempotent by (instance, boot).
"""

from enum import StrEnum

import msgspec

from atoll.model.kinds import Instance

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}
"""What AWS calls the states, with their numbers (fact 258)."""

SHOWN = {"rebooting": "running"}
"""States that AWS does not tell apart, and what it calls them."""

POWERED = frozenset({"pending", "running", "rebooting"})
"""The states in which an instance's network interfaces send and receive."""

TERMINATED_STAYS = 3600.0
"""Seconds for which a terminated instance is still described (fact 258)."""


class Event(StrEnum):
    """What can happen to an instance besides API calls."""

    STARTED = "started"  # its guest runs
    STOPPED = "stopped"  # its guest's processes are gone, the files kept
    GONE = "gone"  # processes and files are gone
    EXITED = "exited"  # the guest ended by itself (shutdown, or its init died)
    OVERRUN = "overrun"  # the guest was ended because it wrote more than its root volume holds
    FAILED = "failed"  # the guest could not be started; the log says why
    TIMER = "timer"


class Effect(StrEnum):
    """What a state demands of the guest."""

    START = "start"
    REBOOT = "reboot"  # end the processes of the boot before, keep the files, start again
    STOP = "stop"
    TERMINATE = "terminate"


EFFECTS: dict[str, Effect] = {
    "pending": Effect.START,
    "rebooting": Effect.REBOOT,
    "stopping": Effect.STOP,
    "shutting-down": Effect.TERMINATE,
}

NEXT: dict[tuple[str, Event], str] = {
    ("pending", Event.STARTED): "running",
    ("pending", Event.EXITED): "stopping",
    ("rebooting", Event.STARTED): "running",
    ("rebooting", Event.EXITED): "stopping",
    ("pending", Event.OVERRUN): "stopping",
    ("rebooting", Event.OVERRUN): "stopping",
    ("running", Event.OVERRUN): "stopping",
    ("pending", Event.FAILED): "stopping",
    ("rebooting", Event.FAILED): "stopping",
    ("running", Event.EXITED): "stopping",
    ("stopping", Event.STOPPED): "stopped",
    ("shutting-down", Event.GONE): "terminated",
}

EXIT_TERMINATES = "shutting-down"
"""Where an instance goes that ends by itself and whose InstanceInitiatedShutdownBehavior is terminate."""

REASONS = {
    "pending": "pending",
    "Client.UserInitiatedShutdown": "Client.UserInitiatedShutdown: User initiated shutdown",
    "Client.InstanceInitiatedShutdown": "Client.InstanceInitiatedShutdown: Instance initiated shutdown",
    "Client.VolumeLimitExceeded": "Client.VolumeLimitExceeded: It wrote more than atoll up --guest-disk allows",
    "Server.InternalError": "Server.InternalError: Internal error on launch. Why: atoll logs",
}
"""StateReason: codes and their messages."""


FORCED = {Event.FAILED: "Server.InternalError", Event.OVERRUN: "Client.VolumeLimitExceeded"}
"""StateReason's codes when a guest ends by nobody's wish."""


def shown(instance: Instance) -> str:
    """The state as AWS names it."""
    return SHOWN.get(instance.state, instance.state)


def step(instance: Instance, event: Event) -> Instance | None:
    """The instance after an event, or None when the event says nothing in its state."""
    state = NEXT.get((instance.state, event))
    if state is None:
        return None
    if event is Event.EXITED:
        if instance.shutdown_behavior == "terminate":
            state = EXIT_TERMINATES
        return msgspec.structs.replace(instance, state=state, reason_code="Client.InstanceInitiatedShutdown")
    if event in FORCED:
        return msgspec.structs.replace(instance, state=state, reason_code=FORCED[event])
    if state == "running":
        return msgspec.structs.replace(instance, state=state, reason_code="")
    return msgspec.structs.replace(instance, state=state)
