"""The bank that `atoll demo bank` builds, and ten mistakes to make in it."""
