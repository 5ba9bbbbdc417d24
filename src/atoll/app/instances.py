"""Instances' software: from an effect that a state demands to the guest that carries it out."""

from collections.abc import Callable
from pathlib import Path

from atoll.app.authority import Authority
from atoll.guest.boot import Boot, resolvers
from atoll.guest.guests import Guests
from atoll.model.kinds import Instance
from atoll.model.machines import Effect, Event
from atoll.plan.rows import Lease

GRACE = 5.0
"""Seconds that a guest has to shut down before it is killed; AWS gives minutes, nobody here wants to wait for that."""


class RealGuests:
    """Carries effects out with containers (engine.effects.Guests)."""

    def __init__(
        self,
        guests: Guests,
        namespace: Callable[[str], Path | None],
        lease: Callable[[str], Lease],
        ready: Callable[[], object] = lambda: None,
        authority: Callable[[], Authority | None] = lambda: None,
    ) -> None:
        """`lease`: what a VPC tells its guests.

        `ready`: returns when what a guest may ask in its first moment is there. `authority`: whom guests trust, then.
        """
        self.guests = guests
        self._ready = ready
        self._namespace = namespace
        self._lease = lease
        self._authority = authority

    def run(self, effect: Effect, instance: Instance) -> Event:
        """See engine.effects.Guests."""
        match effect:
            case Effect.START | Effect.REBOOT:
                self._ready()
                self.guests.start(self._boot(instance))
                return Event.STARTED
            case Effect.STOP:
                self.guests.stop(instance.id, 0 if instance.forced else GRACE)
                return Event.STOPPED
            case Effect.TERMINATE:
                self.guests.terminate(instance.id)
                return Event.GONE

    def renew(self, instance: str, lease: Lease) -> None:
        """Tell a guest that runs what its VPC tells now."""
        self.guests.renew(instance, resolvers(lease.servers, lease.search))

    def _boot(self, instance: Instance) -> Boot:
        namespace = self._namespace(instance.id)
        if namespace is None:
            raise LookupError(f"{instance.id} has no network namespace")
        lease, trusted = self._lease(instance.vpc), self._authority()
        return Boot(
            instance=instance.id,
            boot=instance.boot,
            netns=str(namespace),
            hostname=instance.private_dns,
            user_data=instance.user_data,
            first=instance.boot == 1,
            software=instance.software,
            servers=lease.servers,
            search=lease.search,
            authority=trusted.certificate if trusted else b"",
            authority_hash=trusted.hash if trusted else "",
        )


class NoGuests:
    """For --fabric none: instances are records that come up and go down at once."""

    def run(self, effect: Effect, instance: Instance) -> Event:  # noqa: ARG002 - the protocol's signature
        """See engine.effects.Guests."""
        return DONE[effect]


DONE = {
    Effect.START: Event.STARTED,
    Effect.REBOOT: Event.STARTED,
    Effect.STOP: Event.STOPPED,
    Effect.TERMINATE: Event.GONE,
}
