"""Rubbish over real sockets: `python -m tests.fuzz.sockets COUNT [SEED]`. Ends with 1 if it found anything.

Uvicorn serves the endpoint with Atoll's own HTTP protocol on a free port of the loopback. Each connection sends bytes
that a client might, or might not, and hangs up or waits. What must hold: whatever is answered is a 2xx or a 4xx in
AWS's form, no connection outlives the patience, and a good request is answered at any time.
"""

import asyncio
import contextlib
import random
import re
import resource
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator

import uvicorn

from atoll.app import endpoint, http
from atoll.app.server import web_settings
from tests.fuzz.corpus import Wire, load, signed
from tests.fuzz.judge import fault
from tests.fuzz.mutate import Mutator
from tests.fuzz.site import Site

GOOD = signed("ec2", b"Action=DescribeVpcs&Version=2016-11-15")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LENGTH = re.compile(rb"\ncontent-length: (\d+)")
ENDLESS = 10.0
"""Seconds after which a connection that the server neither answered nor closed is stuck; patience is shorter here."""


@contextlib.asynccontextmanager
async def server(patience: float) -> AsyncIterator[tuple[int, Site]]:
    """A server that serves; its port. It has less patience than a real one."""
    site = Site()
    await site.writer.load()
    before = http.PatientProtocol.PATIENCE, endpoint.PATIENCE
    http.PatientProtocol.PATIENCE = endpoint.PATIENCE = patience
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        web = uvicorn.Server(web_settings(site.endpoint))
        serving = asyncio.create_task(web._serve([listening]))
        try:
            yield listening.getsockname()[1], site
        finally:
            web.should_exit = True
            await serving
            await site.close()
            http.PatientProtocol.PATIENCE, endpoint.PATIENCE = before


def written(wire: Wire, rng: random.Random) -> bytes:
    """A request as bytes; its framing may be wrong."""
    path = "".join(one for one in wire.path if "!" <= one <= "~") or "/"
    query = "".join(one for one in wire.query if "!" <= one <= "~")
    target = path + ("?" + query if query else "")
    lines = [f"{wire.method or 'POST'} {target} HTTP/1.1".encode(), b"host: 127.0.0.1"]
    lines += [f"{name}: {value}".encode("utf-8", "replace") for name, value in wire.headers.items()]
    body = wire.body
    match rng.randrange(8):
        case 0:
            lines.append(b"transfer-encoding: chunked")
            cut = rng.randrange(len(body) + 1)
            body = (
                b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:cut], body[cut:]) if part)
                + b"0\r\n\r\n"
            )
        case 1:
            lines.append(
                rng.choice((b"content-length: -1", b"content-length: 1e3", b"content-length: 99999999999999999999"))
            )
        case 2:
            lines.append(b"content-length: %d" % (len(body) + rng.choice((-1, 1, 100))))
        case 3:
            lines += [b"content-length: %d" % len(body), b"transfer-encoding: chunked"]
        case 4:
            lines += [b"expect: 100-continue", b"content-length: %d" % len(body)]
        case _:
            lines.append(b"content-length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def written_well(wire: Wire) -> bytes:
    """A request as bytes, with nothing wrong."""
    lines = [f"{wire.method} {wire.path} HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(wire.body)}"]
    lines += [f"{name}: {value}" for name, value in wire.headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + wire.body


def spoilt(data: bytes, rng: random.Random) -> bytes:
    """The bytes, with something wrong or not."""
    at = rng.randrange(len(data) + 1)
    match rng.randrange(10):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + rng.randbytes(rng.choice((1, 4, 64))) + data[at:]
        case 2:
            return data[:at] + data[at + 1 :]
        case 3:
            return data + data
        case 4:
            return data.replace(b"\r\n", rng.choice((b"\n", b"\r", b"\r\n\r\n")), 3)
        case 5:
            return data.replace(b"\r\n\r\n", b"\r\n" + b"x: y\r\n" * rng.choice((10, 3000)) + b"\r\n", 1)
        case 6 if rng.random() < 0.1:
            return data.replace(b"\r\n\r\n", b"\r\nx: " + b"y" * 100_000 + b"\r\n\r\n", 1)
        case 7 if rng.random() < 0.05:
            return rng.randbytes(rng.choice((1, 100, 70_000)))
        case _:
            return data


PATIENT = 11
"""The seed of a client that sends all at once, and neither hangs up nor half closes before it has its answer."""


async def exchange(port: int, data: bytes, rng: random.Random) -> bytes:
    """Send, perhaps in two parts, and read one answer, or until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = b""
    try:
        if rng.random() < 0.2:
            at = rng.randrange(len(data) + 1)
            writer.write(data[:at])
            await asyncio.sleep(0)
            writer.write(data[at:])
        else:
            writer.write(data)
        if rng.random() < 0.05:
            return b""  # hung up
        if rng.random() < 0.9:
            writer.write_eof()
        while not whole(got) and (part := await reader.read(1 << 16)):
            got += part
    except ConnectionError:
        pass
    finally:
        writer.close()
    return got


def whole(got: bytes) -> bool:
    """Whether an answer has arrived to its end; that of a HEAD ends with its head, after which another may stand."""
    head, end, rest = got.removeprefix(CONTINUE).partition(b"\r\n\r\n")
    length = LENGTH.search(head)
    return bool(end) and length is not None and (len(rest) >= int(length[1]) or not rest or rest.startswith(b"HTTP/"))


def problem(got: bytes) -> str | None:
    """What is wrong with the first answer of a connection; None too for a server that closed without one."""
    if not got.startswith(b"HTTP/1.1 "):
        return None if not got else f"no HTTP: {got[:40]!r}"
    got = got.removeprefix(CONTINUE)
    if not got:
        return None
    head, _, rest = got.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    body = rest[: int(headers.get("content-length", "0"))]
    if len(body) < int(headers.get("content-length", "0")) or not body:
        status = int(lines[0].split()[1])
        return f"status {status}" if not 200 <= status < 500 else None  # HEAD, or more than was read
    return fault(int(lines[0].split()[1]), headers, body)


async def run(
    count: int, seed: int, *, at_once: int = 32, patience: float = 2.0, report: int = 0
) -> tuple[Counter[str], list[str]]:
    """`count` connections; what was answered, and what must not have been."""
    rng, mutator = random.Random(seed), Mutator(seed, load())
    seen: Counter[str] = Counter()
    findings: list[str] = []
    async with server(patience) as (port, site):

        async def one(data: bytes, choices: random.Random) -> None:
            try:
                async with asyncio.timeout(patience + ENDLESS):
                    got = await exchange(port, data, choices)
            except TimeoutError:
                findings.append(f"stuck: {data[:300]!r}")
                return
            seen[got[9:12].decode("latin-1") or "closed"] += 1
            wrong = problem(got)
            if wrong is not None and len(findings) < 20:
                findings.append(f"{wrong}: {data[:600]!r} -> {got[:300]!r}")

        for begun in range(0, count, at_once):
            wires = [spoilt(written(mutator.next(), rng), rng) for _ in range(min(at_once, count - begun))]
            await asyncio.gather(*(one(data, random.Random(rng.random())) for data in wires))
            status = (await exchange(port, written_well(GOOD), random.Random(PATIENT)))[9:12]
            if status != b"200":
                findings.append(f"a good request after {begun + at_once} bad ones: {status!r}")
            if begun % 4096 == 0:
                await site.writer.reset()
            if report and begun % report < at_once:
                used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
                print(f"{begun} connections, {used} MiB at most, {len(findings)} findings, {dict(seen)}", flush=True)
    return seen, findings


def main() -> int:
    """A long run."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    seen, findings = asyncio.run(run(count, seed, at_once=64, patience=0.3, report=max(32, count // 10)))
    print(dict(seen))
    print("\n".join(findings))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
