"""Two saved states compared, in a process of its own: no server is asked.

    python -m atoll.app.comparing BASE HEAD

Writes the difference as JSON; exit status 2, with the reason on standard error, for what is no saved state.
"""

import sys
from pathlib import Path

import msgspec

from atoll.review.compare import compare
from atoll.review.states import State, read

NO_STATE = 2


def main(paths: list[str]) -> int:
    """The exit status."""
    try:
        found = compare(*(_state(Path(path)) for path in paths))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return NO_STATE
    sys.stdout.buffer.write(msgspec.json.encode(found))
    return 0


def _state(path: Path) -> State:
    try:
        return read(path.read_bytes())
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{path} cannot be compared: {error}. Save a state with: atoll save FILE") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
