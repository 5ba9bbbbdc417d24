"""What is known of an account in a region as a whole."""

from typing import ClassVar

from atoll.model.entity import Entity


class Home(Entity, frozen=True, kw_only=True):
    """An account that has called in a region: it has been given, once, what AWS puts there from the start."""

    KIND: ClassVar[str] = "home"
    KEY: ClassVar[tuple[str, ...]] = ("home",)
