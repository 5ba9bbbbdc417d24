"""Requests as data, and the file of recorded good ones."""

import json
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("corpus.json")
SCOPE = "AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"


class Wire(NamedTuple):
    """An HTTP request; header names are lower-case."""

    method: str
    path: str
    headers: dict[str, str]
    query: str
    body: bytes


def signed(service: str, body: bytes, target: str = "", *, key: str = "atoll", region: str = "us-east-1") -> Wire:
    """A request as an SDK signs it; `service` is the signing name. `target`: X-Amz-Target, or of a REST service method
    and place ("GET /zonalshifts?status=ACTIVE").
    """
    headers = {"authorization": SCOPE.format(key=key, region=region, service=service)}
    headers["content-type"] = "application/x-amz-json-1.1" if target else "application/x-www-form-urlencoded"
    if is_place(target):
        headers["content-type"] = "application/json"
        method, _, place = target.partition(" ")
        path, _, query = place.partition("?")
        return Wire(method, path, headers, query, body)
    if target:
        headers["x-amz-target"] = target
    return Wire("POST", "/", headers, "", body)


def is_place(target: str) -> bool:
    """Whether it is a method and a place."""
    return " /" in target


def load() -> list[Wire]:
    """The recorded requests."""
    return [signed(service, body.encode(), target) for service, target, body in json.loads(FILE.read_text())]
