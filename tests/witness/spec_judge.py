"""The spec as a judge: it sees the answers of Describe calls alone."""

from collections.abc import Sequence

from tests.spec import History, Probe, Verdict, World
from tests.witness import snapshot
from tests.witness.clients import Client
from tests.witness.judges import Seen, Step, Verb

GONE = "SOCKET_GONE"
"""The host that held this end is gone: there is nobody to send."""


class SpecJudge:
    """See tests.witness.judges.Judge. ContradictionError: the API's own answers do not fit together."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._history = History()
        self._numbers: dict[Probe, int] = {}
        self._look()

    def _look(self) -> None:
        self.answers = snapshot.describe(self._client)
        self.world: World = snapshot.world(self.answers)

    def changed(self, name: str) -> None:
        """Describe everything anew."""
        self._look()

    def wait(self, seconds: int) -> None:
        """See Judge."""
        self._history.wait(seconds)

    def round(self, steps: Sequence[Step]) -> list[Seen]:
        """See Judge."""
        return [_seen(self._step(verb, probe)) for verb, probe in steps]

    def _step(self, verb: Verb, probe: Probe) -> Verdict:
        if verb == "open":
            verdict, self._numbers[probe] = self._history.open(self.world, probe)
            return verdict
        speak = self._history.send if verb == "send" else self._history.reply
        return speak(self.world, self._numbers[probe])


def _seen(verdict: Verdict) -> Seen:
    return Seen(
        verdict.arrives,
        verdict.at,
        verdict.source,
        verdict.destination,
        verdict.answered,
        verdict.answer_source,
        str(verdict.reason),
    )
