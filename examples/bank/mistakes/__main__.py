"""python -m examples.bank.mistakes [make|mend NAME]: without words, the list."""

import signal
import sys

import boto3

from examples.bank.mistakes import mistakes
from examples.bank.parts import find


def main(words: list[str]) -> str | None:
    """What was wrong with the words, or nothing."""
    known = mistakes()
    if not words:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # whoever reads the list may stop: it is piped into head
        for name, mistake in known.items():
            print(f"{name}\n  {(mistake.__doc__ or '').strip()}\n")
        return None
    if len(words) != 2 or words[0] not in ("make", "mend") or words[1] not in known:
        return "usage: python -m examples.bank.mistakes [make|mend NAME]"
    ec2 = boto3.client("ec2", region_name="eu-central-1")
    mistake = known[words[1]]
    (mistake.make if words[0] == "make" else mistake.mend)(ec2, find(ec2))
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
