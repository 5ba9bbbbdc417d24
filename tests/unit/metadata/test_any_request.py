"""Whatever is asked, there is an answer, and none without a token where one is required."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.inprocess import InProcess
from tests.support.lab import Lab
from tests.unit.metadata.guest import TOKEN, TTL, Guest

NAMES = [
    *("", "latest", "1.0", "api", "token", "meta-data", "dynamic", "user-data", "iam", "info", "network", "interfaces"),
    *("macs", "placement", "region", "tags", "instance", "..", "%2e", "\0", "\u00e9"),
]
PATHS = st.lists(st.sampled_from(NAMES) | st.text(max_size=5), max_size=7).map("/".join)
HEADERS = st.dictionaries(st.sampled_from([TOKEN, TTL, "x-forwarded-for"]), st.text(max_size=60), max_size=3)


def test_any_request() -> None:
    lab = Lab(InProcess())
    guests = [Guest(lab), Guest(lab)]
    guests[1].options(HttpTokens="required")

    @settings(max_examples=500, deadline=None, derandomize=True, database=None)
    @given(PATHS, st.sampled_from(["GET", "HEAD", "PUT", "POST", "\0"]), HEADERS)
    def asked(path: str, method: str, headers: dict[str, str]) -> None:
        statuses = [guest.ask(path, method, **headers).status for guest in guests]
        assert set(statuses) <= {200, 400, 401, 403, 404, 405}
        assert method == "PUT" or statuses[1] in (401, 405)

    asked()
