"""Guests: instances as OCI containers, the image that they share, their user data and console."""

from atoll.guest.boot import Boot
from atoll.guest.errors import GuestError
from atoll.guest.guests import Guests
from atoll.guest.image import Image, prepare_image
from atoll.guest.limits import Limits

__all__ = ["Boot", "GuestError", "Guests", "Image", "Limits", "prepare_image"]
