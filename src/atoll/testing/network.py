"""The running Atoll as tests speak of it: each sentence is proved, and then tried with real packets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from atoll.local.control import ask
from atoll.local.folder import StateFolder, default_folder
from atoll.local.rehearsing import rehearse_cases

Names = Mapping[str, Mapping[str, Any]]


class IntentError(AssertionError):
    """An intent does not hold; the message has the packet that shows it, its way, and whom to blame."""


class Network:
    """What shall be reachable and what shall not, in the words of a file of intents.

    `names` and `scope`: as that file has them. `proof_only`: no packets are sent.
    """

    def __init__(
        self,
        state: Path | None = None,
        names: Names | None = None,
        scope: Mapping[str, Any] | None = None,
        *,
        proof_only: bool = False,
        case: Mapping[str, Any] | None = None,
    ) -> None:
        self._state = state
        self._names = dict(names or {})
        self._scope = dict(scope or {})
        self._proof_only = proof_only
        self._case = dict(case or {})

    def allow(self, sentence: str, **names: Mapping[str, Any]) -> None:
        """Every packet arrives, and its answer returns: `allow("internet -> web:80", web={"tag": {"Name": "web"}})`.

        IntentError where one does not. ControlError for words that mean nothing, and where no Atoll runs.
        """
        __tracebackhide__ = True
        self._judge("allow", sentence, names)

    def deny(self, sentence: str, **names: Mapping[str, Any]) -> None:
        """No packet arrives. Errors as in allow."""
        __tracebackhide__ = True
        self._judge("deny", sentence, names)

    def allow_some(self, sentence: str, **names: Mapping[str, Any]) -> None:
        """At least one flow is open. Errors as in allow."""
        __tracebackhide__ = True
        self._judge("allow-some", sentence, names)

    def when(self, *, az_down: str | list[str] | None = None, stopped: Any = None) -> "Network":
        """The same network when zones are down and instances are stopped: what would be is proved, and its packets are
        sent in a world of its own.
        """
        supposed = {"az-down": az_down, "stopped": stopped}
        case = {name: said for name, said in supposed.items() if said is not None}
        return Network(self._state, self._names, self._scope, proof_only=self._proof_only, case=case)

    def _judge(self, kind: str, sentence: str, names: Names) -> None:
        __tracebackhide__ = True
        expect = [{kind: sentence}]
        file: dict[str, Any] = {"version": 1, "names": {**self._names, **names}, "scope": self._scope, "expect": expect}
        if self._case:
            file |= {"expect": [], "when": [{**self._case, "expect": expect}]}
        folder = StateFolder((self._state or default_folder()).absolute())
        request = {"do": "verify", "file": file, "proof_only": self._proof_only}
        results = ask(folder.control, request)
        if not self._proof_only:
            rehearse_cases(folder, file, results, progress=print)
        (result,) = results
        if not result["holds"]:
            raise IntentError("\n".join([result["text"], *(f"  {line}" for line in _against(result))]))


def _against(result: dict[str, Any]) -> list[str]:
    return [result["why"], *result["strayed"], *result["path"], *(f"blame: {one}" for one in result["blame"])]
