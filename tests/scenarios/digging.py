"""What dig shows."""

import re


class Dug:
    """What dig has shown."""

    def __init__(self, shown: str) -> None:
        self.text = shown
        status = re.search(r"status: (\w+)", shown)
        self.status = status[1] if status else ""
        records = [line.split() for line in shown.splitlines() if line and not line.startswith(";")]
        self.records = [(one[0], one[3], *one[4:]) for one in records]

    @property
    def values(self) -> list[str]:
        return [one[2] for one in self.records]
