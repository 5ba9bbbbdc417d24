"""`atoll verify`: each intent is proved, and then tried with real packets."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec

from atoll.app.reviewing import send
from atoll.review.verify import Trial, suppose, verify, verify_case

if TYPE_CHECKING:
    from atoll.app.server import Server

MOST_SENT = 4
"""So many packets an intent are sent, a pair of ends each."""

AT_ONCE = 16
"""Packets under way together: what is refused is silent for two seconds."""


def verify_file(server: "Server", request: dict[str, Any], caller: int) -> list[dict[str, Any]]:
    """The results, an intent each. `tried`: what became of its packets, in words; `strayed`: those not as proved.

    `case`: the number of the case that this network is, whose intents alone are tried: it is a rehearsal. LookupError
    and ValueError say what is wrong with the file.
    """
    case = request.get("case")
    if case is None:
        proved = server.analyse(verify, request["file"], caller=caller)
    else:
        proved = server.analyse(verify_case, request["file"], case, caller=caller)
    said = [msgspec.to_builtins(result) | {"tried": [], "strayed": []} for result in proved]
    if not request.get("proof_only"):
        each = zip(said, proved, strict=True)
        trials = [(told, trial) for told, result in each for trial in result.trials[:MOST_SENT]]
        with ThreadPoolExecutor(AT_ONCE, "trial") as pool:
            sent = pool.map(lambda one: send(server, one[1].sender, "", one[1].flow), trials)
            for (told, trial), seen in zip(trials, sent, strict=True):
                _compare(told, trial, seen)
    for told in said:
        del told["trials"]
    return said


def write_case(server: "Server", request: dict[str, Any], file: int, caller: int) -> None:
    """Write the state that a case of a file of intents leads to, to that descriptor."""
    text = server.analyse(suppose, request["file"], request["case"], caller=caller)
    with open(os.dup(file), "wb") as written:
        written.write(text)


def _compare(told: dict[str, Any], trial: Trial, seen: dict[str, Any] | None) -> None:
    """What became of a packet, beside what was proved of it."""
    if seen is None:
        return
    line = f"{trial.flow}: {seen['seen']}"
    told["tried"].append(line)
    good = seen["answered"] if trial.answered else not seen["arrived"]
    if not good and not (trial.answered and seen["agree"]):  # a datagram's answer is the receiver's software's business
        told["strayed"].append(line)
        told["holds"] = False
        told["why"] = "a packet did not do as proved: please report this"
