"""Effects: what a state demands is done once, in order, and reported as an event."""

import asyncio
import threading

import msgspec
import pytest

from atoll.engine.effects import Effects
from atoll.model.kinds import Instance
from atoll.model.machines import Effect, Event
from atoll.records import Delta
from tests.support import small_cloud as cloud

WEB = cloud.subnet("subnet-web", "10.0.1.0/24")


def an_instance(state: str, boot: int = 1) -> Instance:
    return msgspec.structs.replace(cloud.instance("i-1", WEB, state), boot=boot)


class Recorder:
    """Guests that write down what they were told, and can be held or broken."""

    def __init__(self) -> None:
        self.done: list[tuple[Effect, int]] = []
        self.go = threading.Event()
        self.go.set()
        self.broken = False
        self.failures = 0

    def run(self, effect: Effect, instance: Instance) -> Event:
        assert self.go.wait(10)
        if self.broken:
            raise OSError("no runtime")
        if self.failures:
            self.failures -= 1
            raise OSError("the process does not end")
        self.done.append((effect, instance.boot))
        return {Effect.START: Event.STARTED, Effect.REBOOT: Event.STARTED, Effect.STOP: Event.STOPPED}.get(
            effect, Event.GONE
        )


class Told:
    def __init__(self, refusals: int = 0) -> None:
        self.events: list[tuple[str, int, Event]] = []
        self.refusals = refusals

    async def __call__(self, instance: str, boot: int, event: Event) -> None:
        if self.refusals:
            self.refusals -= 1
            raise OSError("the disk is full")
        self.events.append((instance, boot, event))


def change(old: Instance | None, new: Instance) -> Delta:
    return {new.key: (old, new)}


def test_a_new_state_is_carried_out_and_reported() -> None:
    async def story() -> None:
        guests, told = Recorder(), Told()
        effects = Effects(guests, told)
        await asyncio.wait(effects.follow(change(None, an_instance("pending"))))
        assert guests.done == [(Effect.START, 1)]
        assert told.events == [("i-1", 1, Event.STARTED)]
        await effects.close()

    asyncio.run(story())


def test_a_state_that_is_not_new_demands_nothing() -> None:
    async def story() -> None:
        effects = Effects(Recorder(), Told())
        renamed = msgspec.structs.replace(an_instance("pending"), key_name="other")
        assert effects.follow(change(an_instance("pending"), renamed)) == []
        assert effects.follow(change(an_instance("pending"), an_instance("running"))) == []
        await effects.close()

    asyncio.run(story())


def test_an_instances_effects_keep_their_order() -> None:
    async def story() -> None:
        guests, told = Recorder(), Told()
        guests.go.clear()
        effects = Effects(guests, told)
        effects.follow(change(None, an_instance("pending")))
        effects.follow(change(an_instance("running"), an_instance("stopping")))
        effects.follow(change(an_instance("stopped"), an_instance("pending", boot=2)))
        guests.go.set()
        await effects.idle()
        assert guests.done == [(Effect.START, 1), (Effect.STOP, 1), (Effect.START, 2)]
        await effects.close()

    asyncio.run(story())


def test_a_guest_that_cannot_start_has_failed() -> None:
    async def story() -> None:
        guests, told = Recorder(), Told()
        guests.broken = True
        effects = Effects(guests, told)
        await asyncio.wait(effects.follow(change(None, an_instance("pending"))))
        assert told.events == [("i-1", 1, Event.FAILED)]
        await effects.close()

    asyncio.run(story())


def test_after_a_restart_every_state_demands_its_effect_again() -> None:
    async def story() -> None:
        guests, told = Recorder(), Told()
        effects = Effects(guests, told)
        await asyncio.wait(effects.resume([an_instance("stopping"), an_instance("running")], alive={"i-1"}))
        assert guests.done == [(Effect.STOP, 1)]
        await effects.close()

    asyncio.run(story())


def test_after_a_restart_what_should_run_and_does_not_boots_again() -> None:
    async def story() -> None:
        guests, told = Recorder(), Told()
        effects = Effects(guests, told)
        await asyncio.wait(effects.resume([an_instance("running"), an_instance("stopped")], alive=set()))
        assert guests.done == [(Effect.START, 1)]
        await effects.close()

    asyncio.run(story())


@pytest.mark.parametrize(("state", "event"), [("stopping", Event.STOPPED), ("shutting-down", Event.GONE)])
def test_a_guest_that_does_not_end_is_tried_again_and_not_called_ended(state: str, event: Event) -> None:
    async def story() -> None:
        guests, told = Recorder(), Told()
        guests.failures = 2
        effects = Effects(guests, told, pause=0)
        await asyncio.wait(effects.follow(change(an_instance("running"), an_instance(state))))
        assert guests.failures == 0
        assert told.events == [("i-1", 1, event)]
        await effects.close()

    asyncio.run(story())


def test_an_event_that_could_not_be_written_is_reported_again() -> None:
    async def story() -> None:
        told = Told(refusals=2)
        effects = Effects(Recorder(), told, pause=0)
        await asyncio.wait(effects.follow(change(None, an_instance("pending"))))
        assert told.events == [("i-1", 1, Event.STARTED)]
        await effects.close()

    asyncio.run(story())


def test_closing_starts_nothing_and_reports_nothing_more() -> None:
    async def story() -> None:
        guests, told = Recorder(), Told()
        guests.go.clear()
        effects = Effects(guests, told)
        effects.follow(change(None, an_instance("pending")))
        effects.follow(change(an_instance("running"), an_instance("stopping")))
        await asyncio.sleep(0)
        closing = asyncio.create_task(effects.close())
        await asyncio.sleep(0)
        guests.go.set()
        await closing
        assert guests.done in ([], [(Effect.START, 1)])
        assert told.events == []

    asyncio.run(story())
