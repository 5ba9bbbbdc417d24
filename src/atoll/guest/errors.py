"""The one error of this package."""


class GuestError(Exception):
    """A guest, its image or its runtime cannot do what was asked; the text says why and what cures it."""
