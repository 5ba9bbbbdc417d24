"""The state folder: what lies where."""

import os
from pathlib import Path
from typing import NamedTuple


def default_folder() -> Path:
    """$ATOLL_STATE, or atoll/ in the user's state directory (XDG)."""
    named = os.environ.get("ATOLL_STATE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "atoll"


class StateFolder(NamedTuple):
    """One Atoll's folder; several can run side by side, each with its own."""

    path: Path

    @property
    def database(self) -> Path:
        """The model."""
        return self.path / "atoll.db"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.path / "atoll.log"

    @property
    def lock(self) -> Path:
        """Held by the running server."""
        return self.path / "lock"

    @property
    def keeper(self) -> Path:
        """Held by the keeper of the world, which outlives the server."""
        return self.path / "keeper"

    @property
    def control(self) -> Path:
        """The control socket."""
        return self.path / "control"

    @property
    def world(self) -> Path:
        """Mount point of the world's own file system; empty from outside."""
        return self.path / "world"

    @property
    def guests(self) -> Path:
        """The instances' writable layers."""
        return self.path / "guests"

    @property
    def cgroups(self) -> Path:
        """Which control groups were made for the guests."""
        return self.path / "cgroups"

    @property
    def secret(self) -> Path:
        """What tokens of instance metadata, and keys of instances' roles, are made with."""
        return self.path / "secret"

    @property
    def tls(self) -> Path:
        """The private authority that guests trust, and what it vouches for."""
        return self.path / "tls"

    @property
    def resolvers(self) -> Path:
        """The /etc/resolv.conf of hosts of Atoll's internet."""
        return self.path / "resolv.conf"

    @property
    def cache(self) -> Path:
        """What guests' images are made of; may be shared by several ($ATOLL_CACHE)."""
        named = os.environ.get("ATOLL_CACHE")
        return Path(named) if named else self.path / "cache"

    def make(self) -> None:
        """Create the folder and what must be in it."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.world, self.guests, self.cache):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
