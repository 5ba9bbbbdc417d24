"""Who asks, where and of which service: the credential scope of Signature Version 4.

Signatures are not checked: any credentials work here.  The scope is all that is read,

    access key / yyyymmdd / region / service / aws4_request

from the Authorization header or, in a presigned address, from the X-Amz-Credential parameter.
"""

import re
from collections.abc import Iterable, Mapping

import msgspec

from atoll.protocol.access_keys import issued_for
from atoll.protocol.errors import AwsError
from atoll.protocol.form import Pair
from atoll.protocol.refusals import clip

DEFAULT_ACCOUNT = "123456789012"

_CREDENTIAL = re.compile(r"Credential=([^,\s]*)").search
_ACCOUNT = re.compile(r"[0-9]{12}").fullmatch
_PARTS = {
    "date": re.compile(r"[0-9]{8}").fullmatch,
    "region": re.compile(r"[a-z0-9-]+").fullmatch,
    "service": re.compile(r"[A-Za-z0-9_.-]+").fullmatch,
    "terminator": re.compile(r"aws4_request").fullmatch,
}
_ALGORITHM = "AWS4-HMAC-SHA256"


class Scope(msgspec.Struct, frozen=True):
    """The credential scope; `service` is the signing name (`elasticloadbalancing`), `date` is yyyymmdd."""

    access_key: str
    date: str
    region: str
    service: str


def scope(headers: Mapping[str, str], query: Iterable[Pair] = ()) -> Scope:
    """The scope that a request was signed for.

    `headers` has lower-case names; `query` is the decoded query string.  AwsError: MissingAuthenticationToken
    (403) for an unsigned request, IncompleteSignature for a scope that cannot be read.
    """
    authorization = headers.get("authorization")
    if authorization:
        return _read(_from_header(authorization))
    for name, value in query:
        if name == "X-Amz-Credential":
            return _read(value)
    raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)


def account(access_key: str) -> str:
    """The account of an access key: a key of twelve digits is the account, one that STS issued here says its own, and
    any other is the default one's."""
    return access_key if _ACCOUNT(access_key) else issued_for(access_key) or DEFAULT_ACCOUNT


def _from_header(authorization: str) -> str:
    algorithm, _, rest = authorization.partition(" ")
    if algorithm != _ALGORITHM:
        raise _incomplete(f"Unsupported AWS 'algorithm': '{clip(algorithm)}'. Only {_ALGORITHM} is read here.")
    credential = _CREDENTIAL(rest)
    if credential is None:
        raise _incomplete("Authorization header requires 'Credential' parameter.")
    return credential[1]


def _read(credential: str) -> Scope:
    """Split from the right: an access key may hold slashes."""
    parts = credential.rsplit("/", 4)
    if len(parts) != 5 or not parts[0]:
        raise _incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
            f"got '{clip(credential)}'"
        )
    for (name, fits), part in zip(_PARTS.items(), parts[1:], strict=True):
        if not fits(part):
            raise _incomplete(f"Credential has a {name} that cannot be read: '{clip(part)}'")
    access_key, date, region, service, _ = parts
    return Scope(access_key, date, region, service)


def _incomplete(why: str) -> AwsError:
    return AwsError("IncompleteSignature", why)
