"""What guests were configured with, remembered past the server's end.

A guest's side cannot be read back and compared: the guest may have changed it, and that is its own affair. So whoever
takes over needs to know what was given, and what a killed server was in the middle of.
"""

from collections.abc import Container, Iterable
from pathlib import Path

import msgspec
from msgspec.structs import replace

from atoll.fabric.kernel.numbers import Ledger
from atoll.fabric.kernel.objects import GuestAddress

BEGUN, GIVEN = 0, 1


class Given:
    """The addresses by node: whether each was given to the end, or only begun (or begun to be taken away)."""

    def __init__(self, path: Path) -> None:
        self._ledger = Ledger(path)
        self._known = self._ledger.read()
        self._nodes: dict[str, set[str]] = {}
        for node, words in self._known:
            self._nodes.setdefault(node, set()).add(words)

    def begin(self, addresses: Iterable[GuestAddress]) -> None:
        """They are about to be given or taken away."""
        self._note(addresses, BEGUN)

    def done(self, addresses: Iterable[GuestAddress]) -> None:
        """They have been given."""
        self._note(addresses, GIVEN)

    def forget(self, addresses: Iterable[GuestAddress]) -> None:
        """They have been taken away."""
        for address in addresses:
            self._forget(address.node, _words(address))

    def forget_node(self, node: str) -> None:
        """The node's namespace goes, with all that it was given."""
        for words in list(self._nodes.get(node, ())):
            self._forget(node, words)

    def keep(self, nodes: Container[str]) -> None:
        """Forget every node but these."""
        for node in [node for node in self._nodes if node not in nodes]:
            self.forget_node(node)

    def known(self) -> dict[GuestAddress, bool]:
        """Every address, as powered, and whether it was given to the end."""
        return {
            msgspec.json.decode(words, type=GuestAddress): number == GIVEN for (_, words), number in self._known.items()
        }

    def close(self) -> None:
        """Let go of the file."""
        self._ledger.close()

    def _note(self, addresses: Iterable[GuestAddress], number: int) -> None:
        for address in addresses:
            words = _words(address)
            self._known[address.node, words] = number
            self._nodes.setdefault(address.node, set()).add(words)
            self._ledger.write("+", address.node, number, words, self._known)

    def _forget(self, node: str, words: str) -> None:
        if self._known.pop((node, words), None) is None:
            return
        self._nodes[node].discard(words)
        if not self._nodes[node]:
            del self._nodes[node]
        self._ledger.write("-", node, BEGUN, words, self._known)


def _words(address: GuestAddress) -> str:
    """What is given does not depend on the power: a guest that stops keeps its configuration."""
    return msgspec.json.encode(replace(address, powered=True)).decode()
