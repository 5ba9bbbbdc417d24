"""One request for metadata and its answer: version 1 and 2, as the instance's options ask (facts 156 to 159)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from atoll.model.kinds import Instance, Session
from atoll.model.tx import Tx
from atoll.services.metadata import tokens
from atoll.services.metadata.credentials import credentials, profile
from atoll.services.metadata.folders import find
from atoll.services.metadata.tree import VERSIONS, root

TOKEN, TTL = "x-aws-ec2-metadata-token", "x-aws-ec2-metadata-token-ttl-seconds"
READS = ("GET", "HEAD")
USER_DATA, CREDENTIALS = "user-data", ["meta-data", "iam", "security-credentials"]


class Asked(NamedTuple):
    """A request; names of headers in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]


class Answer(NamedTuple):
    """What is said. `session`: the one whose keys it tells, for sts to know."""

    status: int
    content: bytes
    headers: Mapping[str, str]
    session: Session | None = None


def answer(tx: Tx, instance: Instance, asked: Asked, secret: bytes) -> Answer:
    """What the instance is told. `secret`: what tokens and keys are made with, this Atoll's own."""
    if instance.metadata.endpoint == "disabled":
        return refusal(403)
    path = [name for name in asked.path.split("/") if name]
    for_token = path[1:] == ["api", "token"] and path[0] in VERSIONS
    if for_token and asked.method == "PUT":
        return _token(tx, instance, path[0], asked.headers, secret)
    if for_token or asked.method not in READS:
        allow = "OPTIONS, PUT" if for_token else "GET, HEAD"
        return Answer(405, b"", {"content-type": "text/plain", "allow": allow})
    return _read(tx, instance, path, asked.headers.get(TOKEN), secret)


def _token(tx: Tx, instance: Instance, version: str, headers: Mapping[str, str], secret: bytes) -> Answer:
    """A token; none for what a proxy passes on, nor at a path of a dated version."""
    if "x-forwarded-for" in headers or version != "latest":
        return refusal(403)
    wanted = headers.get(TTL, "")
    seconds = int(wanted) if wanted.isascii() and wanted.isdecimal() and len(wanted) <= len(str(tokens.LONGEST)) else 0
    if not 1 <= seconds <= tokens.LONGEST:
        return refusal(400)
    token = tokens.issue(secret, instance.id, tx.now, seconds)
    return Answer(200, token.encode(), {"content-type": "text/plain", TTL: str(seconds)})


def _read(tx: Tx, instance: Instance, path: list[str], token: str | None, secret: bytes) -> Answer:
    left = tokens.left(secret, instance.id, tx.now, token) if token is not None else None
    if left is None and (token is not None or instance.metadata.tokens == "required"):
        return refusal(401)
    found = find(root(tx, instance, secret), path)
    if found is None:
        return refusal(404)
    kind = "application/octet-stream" if path[1:] == [USER_DATA] else "text/plain"
    told = {"content-type": kind, "accept-ranges": "none"} | ({TTL: str(left)} if left is not None else {})
    content = found.encode() if isinstance(found, str) else found
    return Answer(200, content, told, _session(tx, instance, path, secret))


def _session(tx: Tx, instance: Instance, path: list[str], secret: bytes) -> Session | None:
    if path[1:-1] != CREDENTIALS:
        return None
    mine = profile(tx, instance)
    return (
        credentials(secret, instance, mine.role, tx.now).session if mine is not None and mine.role is not None else None
    )


def refusal(status: int) -> Answer:
    """A page that says no more than its status."""
    words = f"{status} - {HTTPStatus(status).phrase}"
    return Answer(status, _PAGE.replace("{}", words).encode(), {"content-type": "text/html"})


_PAGE = """<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
\t"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>{}</title>
 </head>
 <body>
  <h1>{}</h1>
 </body>
</html>
"""
