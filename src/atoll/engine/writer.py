"""The one writer. A call decides in a draft, becomes real, is committed, and only then is the truth."""

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, NamedTuple, TypeVar

from atoll.compile import compiler
from atoll.engine.clock import Clock
from atoll.engine.store import Store
from atoll.fabric.contract import Fabric, FabricError, SuspectError
from atoll.model.tx import NO_FACTS, Facts, Settings, Tx
from atoll.plan.rows import Row
from atoll.records import Delta, Proposal, Record, Table, inverse

T = TypeVar("T")


class CommitError(Exception):
    """The call could not be made real or durable; nothing of it remains. The message says why."""


class Written(NamedTuple, Generic[T]):
    """What a call decided, and what it changed in the model."""

    result: T
    delta: Delta


class Writer:
    """Owns the model and the plan. Reads are answered from them at any time; writes pass one lock.

    The loop thread decides and compiles; one worker thread makes real (fabric) and durable (store), while reads see
    the last committed state.
    """

    def __init__(
        self,
        store: Store,
        fabric: Fabric,
        clock: Clock,
        settings: Settings,
        constants: list[Row],
        facts: Facts = NO_FACTS,
        seed: int | None = None,
    ) -> None:
        self._store = store
        self._fabric = fabric
        self._clock = clock
        self._settings = settings
        self._facts = facts
        self._rng = random.Random(seed)
        self._lock = asyncio.Lock()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="fabric")
        self._suspect: str | None = None
        self._owed: Delta = {}  # what the network still has to take back
        self._watchers: list[Callable[[Delta], None]] = []
        self._compiler = compiler(constants)
        self.model = Table()
        self.plan = Table()
        self._constants: Delta = {row.key: (None, row) for row in constants}

    async def load(self) -> None:
        """Read the store, compile all of it and make it real: full work is a delta from empty."""
        model: Delta = {record.key: (None, record) for record in self._store.load()}
        self.model.apply(model)
        proposal = self._compiler.propose(self.model, model)
        delta: Delta = {**self._constants, **{key: (None, new) for key, (_, new) in proposal.delta.items()}}
        await self.on_worker(lambda: self._fabric.start(delta))
        self._compiler.accept(proposal)
        self.plan.apply(delta)

    def draft(self, account: str, region: str) -> Tx:
        """A draft on the committed state. Reads are served from one that is then dropped."""
        return Tx(
            self.model,
            now=self._clock.now(),
            account=account,
            region=region,
            rng=self._rng,
            settings=self._settings,
            facts=self._facts,
        )

    async def write(self, account: str, region: str, decide: Callable[[Tx], T]) -> Written[T]:
        """One call: decide, compile, apply, commit. Whatever `decide` raises drops the draft and goes to the caller.

        Raises CommitError when the network or the disk refuses; then everything is as before. A caller that is
        cancelled does not cancel a call that is half made.
        """
        return await asyncio.shield(asyncio.ensure_future(self._write(account, region, decide)))

    async def _write(self, account: str, region: str, decide: Callable[[Tx], T]) -> Written[T]:
        async with self._lock:
            tx = self.draft(account, region)
            result = decide(tx)
            delta = tx.delta()
            if not delta:
                return Written(result, delta)
            proposal = self._compiler.propose(tx, delta)
            await self.on_worker(lambda: self._make_real(proposal.delta, delta))
            self._accept(delta, proposal)
        return Written(result, delta)

    def watch(self, watcher: Callable[[Delta], None]) -> None:
        """Have that called on the loop with what each write from now on has changed in the plan, once it is committed.

        It must not raise.
        """
        self._watchers.append(watcher)

    def _accept(self, model: Delta, proposal: Proposal) -> None:
        """It is real and durable: it is the truth."""
        self.model.apply(model)
        self.plan.apply(proposal.delta)
        self._compiler.accept(proposal)
        for watcher in self._watchers:
            watcher(proposal.delta)

    def _make_real(self, plan: Delta, model: Delta) -> None:
        self._heal()
        if plan:
            self._apply(plan)
        try:
            self._store.commit(model)
        except Exception as error:
            if plan:
                self._take_back(plan)
            raise CommitError(f"The change could not be written to disk: {error}. It was undone.") from error

    def _apply(self, plan: Delta) -> None:
        try:
            self._fabric.apply(plan)
        except SuspectError as error:
            self._suspect = str(error)
            raise CommitError(f"The network refused the change and may differ from the model: {error}") from error
        except FabricError as error:
            raise CommitError(f"The network refused the change; it was undone: {error}") from error

    def _take_back(self, plan: Delta) -> None:
        """The disk refused what the network has taken. If the network will not give it back either, it owes that."""
        try:
            self._fabric.apply(inverse(plan))
        except FabricError as error:
            self._suspect, self._owed = str(error), inverse(plan)
            raise CommitError(
                f"The change could not be written to disk, and the network could not take it back yet: {error}"
            ) from error

    def _heal(self) -> None:
        """A network that may differ from the plan is made equal again before anything else is written."""
        if self._suspect is None:
            return
        try:
            self._fabric.repair()
            if self._owed:
                self._fabric.apply(self._owed)
        except FabricError as error:
            raise CommitError(
                f"{self._suspect} Repair failed too: {error}. Restart with 'atoll down', 'atoll up'."
            ) from error
        self._suspect, self._owed = None, {}

    async def reset(self, keep: Callable[[Record], bool] = lambda _record: False) -> Delta:
        """Forget all but what `keep` accepts, made real and durable like any other change. What was forgotten."""
        async with self._lock:
            kept = Table(record for record in self.model.records.values() if keep(record))
            gone: Delta = {key: (None, one) for key, one in self.model.records.items() if kept.find(key) is None}
            model = inverse(gone)
            proposal = self._compiler.propose(kept, model)
            await self.on_worker(lambda: self._make_real(proposal.delta, model))
            self._accept(model, proposal)
        return model

    async def on_worker(self, work: Callable[[], T]) -> T:
        """Run something on the worker thread, between writes."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    def close(self) -> None:
        """End the worker and close the store; the fabric is its owner's to close."""
        self._worker.shutdown(wait=True)
        self._store.close()
