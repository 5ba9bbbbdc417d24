"""SOCKS 5 on the wire: what clients say, whole and broken, in whatever pieces."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atoll.agents.socks_words import (
    NotSocksError,
    RefusedError,
    Reply,
    Target,
    answer,
    method,
    read_methods,
    read_request,
)

T = TypeVar("T")
HEAD = b"\x05\x01\x00"
PORT_80 = b"\x00\x50"


def read(reading: Callable[[asyncio.StreamReader], Awaitable[T]], data: bytes) -> tuple[T, bytes]:
    """What is read from these bytes, then the end; and what is left of them."""

    async def story() -> tuple[T, bytes]:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await reading(reader), await reader.read()

    return asyncio.run(story())


def refusal(data: bytes) -> Reply:
    with pytest.raises(RefusedError) as caught:
        read(read_request, data)
    return caught.value.reply


@pytest.mark.parametrize(
    ("data", "target"),
    [
        (b"\x01\xc6\x12\x00\x07" + PORT_80, Target("198.18.0.7", 80)),
        (b"\x03\x09localhost\x11\xd6", Target("localhost", 4566)),
        (b"\x03\x00" + PORT_80, Target("", 80)),
        (b"\x03\x02\xff\x00\xff\xff", Target("\xff\x00", 65535)),
    ],
    ids=["address", "name", "empty name", "a name that is none"],
)
def test_a_request_says_where_to(data: bytes, target: Target) -> None:
    assert read(read_request, HEAD + data + b"and on") == (target, b"and on")


def test_methods_are_offered_one_a_byte() -> None:
    assert read(read_methods, b"\x05\x02\x00\x02\x05") == (b"\x00\x02", b"\x05")
    assert read(read_methods, b"\x05\x00") == (b"", b"")


@pytest.mark.parametrize(
    "data",
    [
        b"\x04\x01\x00\x50\xc6\x12\x00\x07\x00",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\x00",
    ],
    ids=["SOCKS 4", "GET", "POST", "TLS"],
)
def test_what_is_not_socks_5_ends_at_its_first_byte(data: bytes) -> None:
    with pytest.raises(NotSocksError):
        read(read_methods, data)


def test_a_request_of_another_version_is_none() -> None:
    with pytest.raises(NotSocksError):
        read(read_request, b"\x04" + HEAD[1:] + b"\x01\xc6\x12\x00\x07" + PORT_80)


@pytest.mark.parametrize(
    ("data", "reply"),
    [
        (b"\x05\x02\x00\x01\xc6\x12\x00\x07" + PORT_80, Reply.COMMAND_UNKNOWN),
        (b"\x05\x03\x00\x03\x01x" + PORT_80, Reply.COMMAND_UNKNOWN),
        (HEAD + b"\x04" + bytes(16) + PORT_80, Reply.ADDRESS_KIND_UNKNOWN),
        (HEAD + b"\x02" + bytes(6), Reply.ADDRESS_KIND_UNKNOWN),
    ],
    ids=["BIND", "UDP", "IPv6", "an unknown kind"],
)
def test_what_cannot_be_met_is_told(data: bytes, reply: Reply) -> None:
    assert refusal(data) == reply


def test_answers_are_as_the_rfc_has_them() -> None:
    assert method(0) == b"\x05\x00"
    assert answer(Reply.REFUSED) == b"\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00"
    assert answer(Reply.CONNECTED, ("203.0.113.10", 258)) == b"\x05\x00\x00\x01\xcb\x00\x71\x0a\x01\x02"


WHOLE = HEAD + b"\x03\x09localhost" + PORT_80


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_half_a_request_is_none(length: int) -> None:
    with pytest.raises(asyncio.IncompleteReadError):
        read(read_request, WHOLE[:length])


@given(st.binary(max_size=300))
def test_rubbish_is_read_to_an_end_or_refused_and_nothing_else(data: bytes) -> None:
    for reading in (read_methods, read_request):
        try:
            read(reading, data)
        except (NotSocksError, RefusedError, asyncio.IncompleteReadError):
            continue
