"""Timers: what is due is reported, and one failure does not end them."""

import asyncio

from atoll.engine.timers import repeat


def test_a_failure_does_not_end_what_is_repeated() -> None:
    async def story() -> None:
        done = asyncio.Event()
        attempts = 0

        async def work() -> None:
            nonlocal attempts
            attempts += 1
            if attempts < 3:
                raise OSError("the disk is full")
            done.set()

        task = asyncio.create_task(repeat(0, work))
        await asyncio.wait_for(done.wait(), 10)
        task.cancel()
        assert attempts >= 3

    asyncio.run(story())
