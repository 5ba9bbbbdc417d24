"""Zonal shift of AWS's Application Recovery Controller (ARC). Importing this package registers its handlers."""

from atoll.services.arc_zonal_shift import resources, shifts

__all__ = ["resources", "shifts"]
