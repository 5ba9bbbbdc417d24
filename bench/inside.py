"""Measuring from Atoll's internet: a process there holds a connection to the API that was opened before it went."""

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

SCOPE = "AWS4-HMAC-SHA256 Credential=atoll/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0"


def request(**fields: str) -> bytes:
    body = urlencode({"Version": "2016-11-15", **fields}).encode()
    head = f"POST / HTTP/1.1\r\nHost: a\r\nAuthorization: {SCOPE}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Content-Type: application/x-www-form-urlencoded\r\n\r\n" + body


def call(api: socket.socket, message: bytes) -> bytes:
    api.sendall(message)
    answer = b""
    while b"\r\n\r\n" not in answer or not answer.endswith((b"Response>", b"Response>\n")):
        more = api.recv(65536)
        if not more:
            raise ConnectionError("the API hung up")
        answer += more
    if b" 200 " not in answer.split(b"\r\n", 1)[0]:
        raise RuntimeError(answer.decode())
    return answer


def connect(endpoint: str) -> socket.socket:
    """A connection to the API that sends at once."""
    host, port = endpoint.removeprefix("http://").split(":")
    api = socket.create_connection((host, int(port)))
    api.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return api


def run_inside(folder: Path, api: socket.socket, script: str, *arguments: str) -> dict[str, Any]:
    """Run `script --inside ...` on the internet, the API's connection as its standard input; the JSON it prints."""
    from atoll.local.control import ask

    read_end, write_end = os.pipe()
    command = [sys.executable, str(Path(script).resolve()), "--inside", *arguments]
    wanted = {"do": "internet", "ip": "203.0.113.10", "command": command, "env": dict(os.environ), "cwd": "/"}
    status = ask(folder / "control", wanted, (api.fileno(), write_end, 2))
    os.close(write_end)
    with os.fdopen(read_end) as output:
        text = output.read()
    if status:
        raise RuntimeError(f"the measuring process ended with {status}")
    found: dict[str, Any] = json.loads(text)
    return found
