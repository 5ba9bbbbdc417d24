"""A few seconds of rubbish with a fixed seed; the long runs are by hand (see the package)."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atoll.protocol import load as load_service
from atoll.services import registry
from tests.fuzz import judge, run, sockets
from tests.fuzz.corpus import Wire, load, signed
from tests.fuzz.site import Site
from tests.protocol import oracle, strategies

SIGNED = signed("ec2", b"").headers["authorization"].encode()
HEAD = b"POST / HTTP/1.1\r\nhost: x\r\nauthorization: " + SIGNED + b"\r\n"
CALL = b"Action=DescribeVpcs&Version=2016-11-15"


def story(tell: Callable[[Site], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        async with Site.open() as site:
            await tell(site)

    asyncio.run(whole())


def test_spoilt_requests_are_refused_in_awss_form() -> None:
    result = asyncio.run(run.run(3000, seed=20))
    assert result.findings == []
    assert result.codes["200"] > 100
    assert len(result.codes) > 30
    assert result.lines > 1500


def test_recorded_requests_are_good_ones() -> None:
    async def tell(site: Site) -> None:
        codes = set()
        for wire in load():
            status, headers, body = await site.ask(wire)
            assert judge.fault(status, headers, body) is None
            codes.add(judge.code_of(headers, body) if status != 200 else "200")
        assert "200" in codes
        assert not codes & {"MissingAction", "NoSuchVersion", "SerializationException", "MalformedQueryString"}

    story(tell)


@pytest.mark.parametrize("service", oracle.SERVICES)
def test_what_botocore_can_send_is_answered(service: str) -> None:
    """Any operation with any parameters that its shapes allow, and then with its bytes cut."""
    asked: list[Wire] = []

    @settings(strategies.FIXED, max_examples=150)
    @given(strategies.calls(service), st.integers(0, 3))
    def draw(call: tuple[str, dict[str, Any]], cut: int) -> None:
        made = oracle.serialized(service, *call)
        body = oracle.request(service, *call) if not isinstance(made["body"], bytes) else made["body"]
        target = made["headers"].get("X-Amz-Target", "")
        if made["url_path"] != "/":
            target = f"{made['method']} {made['url_path']}?{urlencode(made['query_string'])}"
        asked.append(signed(load_service(service).meta.signing_name, body[: len(body) - cut], target))

    async def tell(site: Site) -> None:
        for wire in asked:
            assert judge.fault(*await site.ask(wire)) is None, wire

    draw()
    story(tell)


def test_a_bug_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    built = registry.OPERATIONS["ec2", "DescribeVpcs"]

    def broken(_tx: object, _request: object) -> registry.Response:
        raise ZeroDivisionError

    monkeypatch.setitem(registry.OPERATIONS, ("ec2", "DescribeVpcs"), built._replace(handler=broken))

    async def tell(site: Site) -> None:
        assert judge.fault(*await site.ask(signed("ec2", CALL))) == "InternalFailure"

    story(tell)


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (500, {"content-type": "text/xml"}, b"<a><Code>x</Code></a>"),
        (302, {"content-type": "text/xml"}, b"<a/>"),
        (400, {"content-type": "text/plain"}, b"Traceback"),
        (400, {"content-type": "text/xml"}, b"<a>"),
        (400, {"content-type": "text/xml"}, b"<a/>"),
        (400, {"content-type": "application/json"}, b"{"),
        (400, {"content-type": "application/json"}, b'{"__type": "InternalFailure"}'),
    ],
)
def test_what_the_judge_does_not_let_pass(status: int, headers: dict[str, str], body: bytes) -> None:
    assert judge.fault(status, headers, body) is not None


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (CALL + b"&VpcId.1=" + b"x" * 10_000_000, 400, "InvalidVpcId.Malformed"),
        (CALL + b"&" + b"a=b&" * 2_000_000, 400, "MalformedQueryString"),
        (CALL + b"&" + b"&".join(b".".join(b"%d" % (n + m) for m in range(30)) for n in range(9000)), 400,
         "InvalidQueryParameter"),
        (CALL + b"&VpcId" + b".1" * 100_000 + b"=x", 400, "InvalidQueryParameter"),
        (CALL + b"&VpcId.4294967296=x", 400, "UnknownParameter"),
        (CALL + b"&MaxResults=" + b"9" * 100_000, 400, "InvalidParameterValue"),
        (CALL + b"&Filter.1.Name=cidr&Filter.1.Value.1=" + b"*1" * 2000 + b"*x", 200, ""),
        (None, 413, "RequestEntityTooLarge"),
    ],
)  # fmt: skip
def test_too_much_of_anything(body: bytes, status: int, code: str) -> None:
    async def tell(site: Site) -> None:
        told, headers, content = await site.ask(signed("ec2", body))
        assert (told, judge.code_of(headers, content)) == (status, code)
        assert len(content) < 11_000_000

    story(tell)


async def said(port: int, data: bytes) -> bytes:
    """What is answered to bytes after which the client says nothing more, and keeps the connection open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    async with asyncio.timeout(20):
        got = await reader.read(1 << 16)
        while not sockets.whole(got) and (part := await reader.read(1 << 16)):
            got += part
    writer.close()
    return got


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 408, "RequestTimeout"),
        (b"POST / HTT", 408, "RequestTimeout"),
        (HEAD, 408, "RequestTimeout"),
        (HEAD + b"content-length: 99\r\n\r\n" + CALL, 408, "RequestTimeout"),
        (HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\nActio", 408, "RequestTimeout"),
        (HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n", 400, "BadRequest"),
        (HEAD + b"content-length: -1\r\n\r\n", 400, "BadRequest"),
        (HEAD + b"x: y\r\n" * 2000 + b"\r\n", 400, "BadRequest"),
        (HEAD + b"x: " + b"y" * 200_000, 413, "RequestEntityTooLarge"),
        (b"GET /" + b"y" * 200_000, 413, "RequestEntityTooLarge"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "BadRequest"),
        (HEAD + b"content-length: 17000000\r\n\r\n" + b"x" * 17_000_000, 413, "RequestEntityTooLarge"),
    ],
)
def test_clients_that_stop_or_never_stop(data: bytes, status: int, code: str) -> None:
    async def whole() -> None:
        async with sockets.server(patience=0.3) as (port, _):
            got = await said(port, data)
            assert got.startswith(b"HTTP/1.1 %d " % status), got[:200]
            assert f"<Code>{code}</Code>".encode() in got
            assert (await said(port, sockets.written_well(sockets.GOOD))).startswith(b"HTTP/1.1 200 ")

    asyncio.run(whole())


def test_rubbish_over_sockets() -> None:
    seen, findings = asyncio.run(sockets.run(256, seed=3, at_once=64, patience=1.0))
    assert findings == []
    assert seen["400"] > 100
