"""How a good request is spoilt. All randomness comes from one seeded source."""

import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

from tests.fuzz.corpus import Wire, signed

VALUES = (
    "", " ", "\0", "0", "1", "-1", "65536", "2147483647", "2147483648", "-2147483649", "9223372036854775808", "9" * 40,
    "1e999", "0x10", "1_000", "٣", "NaN", "Infinity", "null", "None", "true", "false", "True", "[]", "{}", "*", "?",
    "*a" * 40 + "*b",
    "\\", "[", "%", "%00", "%zz", "a" * 129, "a" * 257, "a" * 5000, "é", "💥" * 20, "\u202e", "\ufffe", "\x1b[31m",
    "0.0.0.0/0", "10.0.0.0/33", "10.0.0.1/16", "10.0.0.0/-1", "10.0.0.0/16/16", "256.1.1.1", "1.2.3", "::/0", "::1",
    "fe80::1%eth0", "10.0.0.0/١٦", "vpc-", "vpc-0", "vpc-0123456789abcdef0", "i-xyz", "sg-\0", "eni-12345678", "tcp",
    "icmp", "ALL", "all", "tag:", "tag:Name", "aws:x", "vpc-id", "us-east-1a", "xx-mars-1", "t3.micro", "../../etc",
    "arn:aws:iam::123456789012:role/x", "arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:::::",
    "resolve:ssm:", "resolve:ssm:/a:1:2",
    "/aws/service/x", "/a/b/c", "a//b", "//", "2024-01-01", "2024-13-45T99:99:99Z", "9999-12-31T23:59:59Z", "MTIz", "=",
    "<x>&amp;]]>", "'\"; --", "{\"a\":", "${jndi:x}", "\r\nx: y", "0000-01-01T00:00:00Z",
)  # fmt: skip
JSON_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**63, 10**300, 1.5, 1e308, "", [], {}, [None], [[]], {"": None}, {"a": {"a": {}}},
    "\ud800", "\0", "a" * 5000, ["a"] * 50,
)  # fmt: skip
RAW = (
    b"\0", b"\xff", b"\xc3", b"\xed\xa0\x80", b"%", b"%f", b"%00", b"%ff", b"%ed%a0%80", b"&", b"=", b".", b"..", b"&&",
    b"+", b"\r\n",
    b"{", b"}", b"[", b"]", b'"', b"\\u0000", b"\\ud800", b"1e400", b"-0", b"<!DOCTYPE x>", b"\xef\xbb\xbf",
)  # fmt: skip
COMMON = ("MaxResults", "NextToken", "DryRun", "ClientToken", "MaxItems", "Marker")
INDICES = ("0", "-1", "1.1", "01", "99999", "100000", "4294967296", "N", "member", "entry", "", "\uff11")
ID = re.compile(rb"\b(?:[a-z]+-)+[0-9a-f]{17}\b")
"""Things of EC2; the things of IAM and Systems Manager have the names that recorded requests give them."""


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return unquote_plus(name), unquote_plus(value)


class Mutator:
    """Spoils requests; `ids` are things that exist, so that what is asked gets past the first check."""

    def __init__(self, seed: int, corpus: Sequence[Wire]) -> None:
        self.rng = random.Random(seed)
        self.corpus = list(corpus)
        self.ids: list[bytes] = []

    def next(self) -> Wire:
        """A request of the corpus with one to five things wrong (or right: ids that exist, parameters of others)."""
        wire = self.alive(self.rng.choice(self.corpus))
        for _ in range(self.rng.choice((0, 1, 1, 1, 2, 2, 3, 5))):
            wire = self.rng.choice(self.ways(wire))(wire)
        return wire

    def learn(self, answer: bytes) -> None:
        """Ids that an answer names."""
        found = ID.findall(answer[:20_000])
        self.ids = (self.ids + found[:5])[-200:]

    def alive(self, wire: Wire) -> Wire:
        """Mostly, put ids that exist in the place of recorded ones of the same kind."""
        if not self.ids or self.rng.random() < 0.2:
            return wire

        def living(match: re.Match[bytes]) -> bytes:
            kind = match[0].rpartition(b"-")[0] + b"-"
            same = [one for one in self.ids if one.startswith(kind) and len(one) == len(match[0])]
            return self.rng.choice(same) if same else match[0]

        return wire._replace(body=ID.sub(living, wire.body))

    def ways(self, wire: Wire) -> tuple[Callable[[Wire], Wire], ...]:
        """What can be done to it."""
        inner = self.json if wire.body[:1] == b"{" else self.form
        places = (self.place,) * 4 if wire.path != "/" else ()
        return (inner, inner, inner, inner, inner, inner, self.bytes, self.head, *places)

    def place(self, wire: Wire) -> Wire:
        """One change of path and query string, where they say what is asked."""
        rng = self.rng
        head, _, last = wire.path.rpartition("/")
        match rng.randrange(5):
            case 0:
                return wire._replace(path=f"{head}/{quote(self.text(), safe='')}")
            case 1:
                at = rng.randrange(len(last) + 1)
                return wire._replace(path=f"{head}/{last[:at]}{rng.choice(RAW).decode('latin-1')}{last[at:]}")
            case 2:
                return wire._replace(path=rng.choice(self.corpus).path)
            case 3:
                return wire._replace(method=rng.choice(("GET", "POST", "PUT", "PATCH", "DELETE")))
            case _:
                name = rng.choice(("status", "maxResults", "nextToken", "resourceIdentifier", self.text()))
                return wire._replace(query=f"{wire.query}&{quote_plus(name)}={quote_plus(self.text())}")

    def text(self) -> str:
        """A value that somebody may have forgotten."""
        if self.ids and self.rng.random() < 0.3:
            return self.rng.choice(self.ids).decode()
        return self.rng.choice(VALUES)

    def form(self, wire: Wire) -> Wire:
        """One change of the parameters."""
        pairs = [_pair(text) for text in wire.body.decode("latin-1").split("&")]
        at = self.rng.randrange(len(pairs))
        if self.rng.random() < 0.45:
            pairs[at] = (pairs[at][0], self.text())
        else:
            self.rng.choice((self.names, self.names, self.more, self.more, self.less))(pairs, at)
        return wire._replace(body="&".join(f"{quote_plus(n)}={quote_plus(v)}" for n, v in pairs).encode())

    def names(self, pairs: list[tuple[str, str]], at: int) -> None:
        """Another name for a value."""
        name, value = pairs[at]
        parts = name.split(".")
        match self.rng.randrange(4):
            case 0:
                pairs[at] = (name + "." + self.rng.choice(INDICES), value)
            case 1:
                parts[self.rng.randrange(len(parts))] = self.rng.choice((*INDICES, self.text()[:40]))
                pairs[at] = (".".join(parts), value)
            case 2:
                pairs[at] = (".".join(parts[:-1]) or "X", value)
            case _:
                pairs[at] = (name + ".1" * self.rng.choice((1, 10, 40, 500)), self.text())

    def more(self, pairs: list[tuple[str, str]], at: int) -> None:
        """Parameters of others, or too many."""
        name, value = pairs[at]
        match self.rng.randrange(6):
            case 0:
                pairs.append(pairs[at])
            case 1 | 2:
                other = self.rng.choice(self.corpus).body
                if other[:1] != b"{":
                    pairs.append(_pair(self.rng.choice(other.decode("latin-1").split("&"))))
            case 3:
                pairs += [(re.sub(r"\d+", str(number), name, count=1), value) for number in range(2, 60)]
            case 4:
                pairs += [("Filter.1.Name", self.text()), ("Filter.1.Value.1", self.text())]
            case _:
                pairs.append((self.rng.choice(COMMON), self.text()))

    def less(self, pairs: list[tuple[str, str]], at: int) -> None:
        """A parameter is missing."""
        del pairs[at]

    def json(self, wire: Wire) -> Wire:
        """One change of a JSON body."""
        try:
            whole = json.loads(wire.body)
        except (ValueError, RecursionError):
            return self.bytes(wire)
        if not isinstance(whole, dict) or not whole:
            return wire._replace(body=json.dumps({self.text(): self.text()}).encode())
        place: Any = whole
        key: Any = self.rng.choice(list(whole))
        while isinstance(place[key], dict | list) and place[key] and self.rng.random() < 0.7:
            place = place[key]
            key = self.rng.choice(list(place)) if isinstance(place, dict) else self.rng.randrange(len(place))
        match self.rng.randrange(7):
            case 0 | 1:
                place[key] = self.rng.choice(JSON_VALUES)
            case 2 | 3:
                place[key] = self.text()
            case 4:
                del place[key]
            case 5:
                place[key] = [place[key]] * self.rng.choice((1, 2, 60))
            case _:
                whole[self.rng.choice(("MaxResults", "NextToken", self.text()))] = self.rng.choice((self.text(), 5, -1))
        body = json.dumps(whole)
        if self.rng.random() < 0.05:
            body = body[:-1] + "," + body[1:]
        if self.rng.random() < 0.02:
            body = body.replace("null", "[" * 3000, 1)
        return wire._replace(body=body.encode())

    def bytes(self, wire: Wire) -> Wire:
        """One change of the bytes."""
        body, rng = wire.body, self.rng
        at = rng.randrange(len(body) + 1)
        to = min(len(body), at + rng.choice((1, 2, 8, 64)))
        match rng.randrange(6):
            case 0:
                body = body[:at] + rng.choice(RAW) + body[at:]
            case 1:
                body = body[:at] + body[to:]
            case 2:
                body = body[:at] + bytes([rng.randrange(256)]) + body[at + 1 :]
            case 3:
                body = body[:at]
            case 4:
                body = body[:at] + body[at:to] * rng.choice((2, 9, 300)) + body[to:]
            case _:
                other = rng.choice(self.corpus).body
                body = body[:at] + other[rng.randrange(len(other) + 1) :]
        return wire._replace(body=body)

    def head(self, wire: Wire) -> Wire:
        """One change of what stands around the body."""
        rng, headers = self.rng, dict(wire.headers)
        if not headers:
            return wire
        match rng.randrange(9):
            case 0:
                name = rng.choice(list(headers))
                text = headers[name]
                at = rng.randrange(len(text) + 1)
                headers[name] = text[:at] + self.text()[:30] + text[at + rng.choice((0, 1, 9)) :]
            case 1:
                del headers[rng.choice(list(headers))]
            case 2:
                return wire._replace(method=rng.choice(("GET", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "")))
            case 3:
                return wire._replace(
                    path=rng.choice(("/", "//", "/x/../y", "/%00", "/_atoll/health", "", "/" + "a" * 9000))
                )
            case 4:
                return wire._replace(query=wire.body.decode("latin-1")[:4000], body=b"")
            case 5:
                return wire._replace(
                    query=rng.choice(("X-Amz-Credential=a/b", "Action=DescribeVpcs", "%ff=%", "a&b&&=", "\xff"))
                )
            case 6:
                service = rng.choice(
                    (
                        "ec2",
                        "sts",
                        "iam",
                        "ssm",
                        "elasticloadbalancing",
                        "arc-zonal-shift",
                        "cloudformation",
                        "s3",
                        "lambda",
                        "\xe9",
                    )
                )
                return signed(
                    service,
                    wire.body,
                    headers.get("x-amz-target", ""),
                    region=rng.choice(("us-east-1", "aws-global", "x", "eu-west-1")),
                )
            case 7:
                headers |= {f"x-{number}": self.text() for number in range(rng.choice((1, 50, 2000)))}
            case _:
                headers["content-type"] = rng.choice(
                    ("", "text/plain", "application/json", "application/cbor", "multipart/form-data")
                )
        return wire._replace(headers=headers)
