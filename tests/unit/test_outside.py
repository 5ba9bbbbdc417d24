"""What stands between Atoll's internet and the user's machine: names, ports, environments."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from atoll.app import socks_port
from atoll.app.outside import is_on_internet
from atoll.app.socks_port import AUTOMATIC, DISTANCE, NONE, SocksPortError
from atoll.cli.environment import filled
from atoll.packet import Prefix
from atoll.plan.rows import INTERNET, Route, ToLink
from atoll.records import Table

ENDPOINT = "http://127.0.0.1:4566"
PLAN = Table([Route(table=INTERNET, domain=INTERNET, prefix=Prefix.parse("198.51.100.7"), via=ToLink("igw-1"))])
"""A public address in use, of a pool that is another's by now."""


@pytest.mark.parametrize("ip", ["198.18.0.0", "198.18.255.255", "203.0.113.10", "203.0.113.20", "198.51.100.7"])
def test_addresses_of_the_internet_are_led_to(ip: str) -> None:
    assert is_on_internet(PLAN, "198.18.0.0/16", ip)


@pytest.mark.parametrize(
    "ip",
    ["0.0.0.0", "127.0.0.1", "10.0.0.5", "169.254.169.254", "198.17.255.255", "198.19.0.0", "198.51.100.8", "8.8.8.8"],
)
def test_others_are_not(ip: str) -> None:
    assert not is_on_internet(PLAN, "198.18.0.0/16", ip)


def test_ours_is_added_to_the_users_environment() -> None:
    found = filled({"HOME": "/home/me", "AWS_ACCESS_KEY_ID": "111100001111"}, ENDPOINT)
    assert found["HOME"] == "/home/me"
    assert found["AWS_ENDPOINT_URL_EC2"] == ENDPOINT
    assert (found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"]) == ("111100001111", "atoll")
    assert (found["AWS_REGION"], found["AWS_DEFAULT_REGION"]) == ("us-east-1", "us-east-1")


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_users_region_is_so_for_all_clients(name: str) -> None:
    found = filled({name: "eu-west-1"}, ENDPOINT)
    assert (found["AWS_REGION"], found["AWS_DEFAULT_REGION"]) == ("eu-west-1", "eu-west-1")


def test_what_the_user_set_stays() -> None:
    own = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2", "AWS_ENDPOINT_URL_EC2": "http://127.0.0.1:1"}
    assert filled(own, ENDPOINT).items() >= own.items()


def test_a_general_endpoint_of_the_users_is_not_overridden() -> None:
    found = filled({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, ENDPOINT)
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert "AWS_ENDPOINT_URL_EC2" not in found


def test_proxies_of_the_other_network_are_left_out() -> None:
    found = filled({"http_proxy": "http://10.0.0.1:3128", "ALL_PROXY": "socks5://10.0.0.1", "NO_PROXY": "x"}, ENDPOINT)
    assert not {"http_proxy", "ALL_PROXY"} & found.keys()
    assert found["NO_PROXY"] == "x"


@contextmanager
def listening(port: int = 0) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", port)) as opened:
        yield int(opened.getsockname()[1])


@contextmanager
def chosen(asked: int, api: int) -> Iterator[int]:
    opened = socks_port.listen(asked, api, network=True)
    assert opened is not None
    with opened:
        host, port = opened.getsockname()
        assert host == "127.0.0.1"
        yield port


def test_the_proxys_port_follows_the_apis() -> None:
    with listening() as free:
        pass
    with chosen(AUTOMATIC, free - DISTANCE) as port:
        assert port == free


def test_a_taken_port_is_left_for_another_when_none_was_asked_for() -> None:
    with listening() as taken, chosen(AUTOMATIC, taken - DISTANCE) as port:
        assert port != taken


def test_there_is_one_for_every_port_of_the_api() -> None:
    with chosen(AUTOMATIC, 65535) as port:
        assert port


def test_a_taken_port_that_was_asked_for_is_refused() -> None:
    with listening() as taken, pytest.raises(SocksPortError, match=f"127.0.0.1:{taken} .*--socks-port N"):
        socks_port.listen(taken, 4566, network=True)


def test_there_need_be_no_proxy() -> None:
    assert socks_port.listen(NONE, 4566, network=True) is None
    assert socks_port.listen(NONE, 4566, network=False) is None
    assert socks_port.listen(AUTOMATIC, 4566, network=False) is None
    with pytest.raises(SocksPortError, match="nothing to lead to"):
        socks_port.listen(1080, 4566, network=False)
