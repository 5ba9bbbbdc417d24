"""Every error code that the facts name for the families that are built reaches a client in a test (support/codes.py).

That they really do is asked when the whole suite has run (tests/conftest.py); here, whether the tests speak of them.
"""

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.support import codes
from tests.support.inprocess import InProcess

TESTS = Path(__file__).parents[1]
SOURCES = TESTS.parent / "src"


def texts(folder: Path) -> list[str]:
    return [path.read_text() for path in folder.rglob("*.py") if path.name != "codes.py"]


ASKING = [text for text in texts(TESTS) if "refused(" in text or "ClientError" in text]
"""Tests that look at a client's errors."""


@pytest.mark.parametrize("code", sorted(codes.wanted()))
def test_the_code_is_asked_for(code: str) -> None:
    assert any(f'"{code}"' in text for text in ASKING), "no test asks for it"


def test_what_is_explained_is_nowhere_answered() -> None:
    assert set(codes.NOT_HERE) <= {code for text in codes.CODES.values() for code in text.split()}
    answered = "".join(texts(SOURCES))
    assert not [code for code in codes.NOT_HERE if f'"{code}"' in answered], "it is answered now: ask for it in a test"


def test_what_a_client_receives_is_noted() -> None:
    """What no client received is told by name; tests/conftest.py listens in every process of a run."""
    assert "VpcLimitExceeded" in codes.unheard(set())
    assert codes.unheard(codes.wanted()) == []
    codes.RECEIVED.discard("InvalidVpcID.NotFound")
    with pytest.raises(ClientError):
        InProcess().client().describe_vpcs(VpcIds=["vpc-0123456789abcdef0"])
    assert "InvalidVpcID.NotFound" in codes.RECEIVED
