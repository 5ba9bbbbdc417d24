"""atoll trace: one real packet beside the plan's word, from everywhere to everywhere."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.scenarios.host import entering, keeper
from tests.scenarios.places import CLIENT, PORT, Place, tcp
from tests.scenarios.running import Atoll

pytestmark = pytest.mark.kernel


class TracedPlace(Place):
    """With one instance that opens a port, tagged "traced", and one that does not."""

    def __init__(self, atoll: Atoll, account: str) -> None:
        super().__init__(atoll, account)
        self.open = self.launch(self.group("open", tcp(PORT, "0.0.0.0/0")))
        self.closed = self.launch(self.group("closed"))
        self.ec2.create_tags(Resources=[self.open], Tags=[{"Key": "Name", "Value": "traced"}])


@pytest.fixture(scope="module")
def place(atoll: Atoll) -> Iterator[TracedPlace]:
    made = TracedPlace(atoll, "200000000000")
    yield made
    made.ec2.terminate_instances(InstanceIds=[made.open, made.closed])


def traced(place: TracedPlace, source: str, destination: str) -> tuple[int, dict[str, Any]]:
    said = place.atoll.run("trace", "--json", source, destination)
    return said.status, json.loads(said.out)


def test_an_answered_packet(place: TracedPlace) -> None:
    status, found = traced(place, "internet", f"{place.public_ip(place.open)}:{PORT}")
    assert (status, found["arrived"], found["answered"], found["agree"]) == (0, True, True, True)
    assert str(found["seen"]).endswith("answer: connected")


def test_a_refused_packet_is_an_answer(place: TracedPlace) -> None:
    status, found = traced(place, place.open, f"{CLIENT}:81")
    assert (status, found["agree"]) == (0, True)
    assert str(found["seen"]).endswith("answer: refused")


def test_a_filtered_packet_names_what_stopped_it(place: TracedPlace) -> None:
    status, found = traced(place, f"internet:{CLIENT}", f"{place.public_ip(place.closed)}:{PORT}")
    assert (status, found["arrived"], found["agree"]) == (1, False, True)
    assert found["predicted"] == {"arrives": False, "answered": False, "reason": "security group, inbound"}


def test_metadata_is_answered_by_the_vpc_itself(place: TracedPlace) -> None:
    status, found = traced(place, place.closed, "169.254.169.254:80")
    assert (status, found["arrived"], found["answered"], found["agree"]) == (0, True, True, True)
    assert f"arrived at {place.vpc}" in str(found["seen"])


def test_ping_and_datagrams(place: TracedPlace) -> None:
    assert traced(place, place.open, CLIENT)[0] == 0
    status, found = traced(place, place.open, f"{CLIENT}:53/udp")
    assert (status, found["arrived"]) == (0, True)
    assert traced(place, "internet", str(place.public_ip(place.open)))[0] == 1


def test_things_are_found_by_id_by_tag_and_by_interface(place: TracedPlace) -> None:
    for name in (place.open, "tag:Name=traced", place.eth0(place.open)):
        status, found = traced(place, place.closed, f"{name}:{PORT}")
        assert (status, found["agree"]) == (0, True)
        assert place.private_ip(place.open) in str(found["seen"]), "inside its VPC a thing has its private address"
    _, found = traced(place, "internet", f"tag:Name=traced:{PORT}")
    assert any(str(place.public_ip(place.open)) in str(line) for line in found["lines"]), "from outside its public one"


def test_an_address_that_nobody_has(place: TracedPlace) -> None:
    status, found = traced(place, place.open, "10.0.200.1:80")
    assert (status, found["agree"]) == (1, True)
    assert found["predicted"] == {"arrives": False, "answered": False, "reason": "no such address"}


def test_a_host_of_the_internet_comes_when_it_is_named(place: TracedPlace) -> None:
    assert traced(place, "internet:203.0.113.77", f"{place.public_ip(place.open)}:{PORT}")[0] == 0
    assert traced(place, place.open, "internet:203.0.113.77:80")[0] == 0


def test_the_readable_form_ends_with_the_agreement(place: TracedPlace) -> None:
    said = place.atoll.run("trace", "internet", f"{place.public_ip(place.open)}:{PORT}")
    assert said.out.splitlines()[-1] == "the plan and the packet agree"
    assert "allow tcp 80 from 0.0.0.0/0  [sgr-" in said.out


def test_a_change_behind_atolls_back_is_seen(place: TracedPlace) -> None:
    """What the instance may send as, taken out of the live kernel: the plan says that its packet passes."""
    with without_own_address(place, place.private_ip(place.open)):
        status, found = traced(place, place.open, f"{CLIENT}:81")
        assert (status, found["agree"]) == (2, False)
    assert traced(place, place.open, f"{CLIENT}:81")[0] == 0


@contextmanager
def without_own_address(place: TracedPlace, ip: str) -> Iterator[None]:
    """Delete one element of the router's nftables from outside, and put it back."""
    router = f"/proc/{keeper(place.atoll.folder)}/root{place.atoll.folder}/world/router-{place.vpc}"

    def nft(*words: str) -> str:
        command = [*entering(place.atoll.folder), "nsenter", f"--net={router}", "nft", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    found = re.search(rf'"e\w+" \. {re.escape(ip)} : goto [^ ,]+', nft("list", "map", "ip", "atoll", "senders"))
    assert found is not None
    nft("delete", "element", "ip", "atoll", "senders", f"{{ {found[0]} }}")
    try:
        yield
    finally:
        nft("add", "element", "ip", "atoll", "senders", f"{{ {found[0]} }}")


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("internet", "198.18.0.1:http"), "is no port"),
        (("internet", "198.18.0.1:80/sctp"), "is no protocol"),
        (("internet", "i-0123456789abcdef0:80"), "There is no i-0123456789abcdef0"),
        (("i-0123456789abcdef0", "198.18.0.1:80"), "There is no i-0123456789abcdef0"),
        (("internet:192.0.2.1", "198.18.0.1:80"), "no host of Atoll's internet"),
    ],
)
def test_wrong_words_are_refused_with_advice(place: TracedPlace, words: tuple[str, str], advice: str) -> None:
    said = place.atoll.run("trace", *words)
    assert said.status not in (0, 2)
    assert advice in said.err
