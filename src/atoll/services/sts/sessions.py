"""AssumeRole and GetSessionToken: temporary keys of an account."""

import re
from base64 import b64encode
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from atoll.model.kinds import Role, Session
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.protocol.access_keys import RANDOM_BITS, issue
from atoll.services.constraints import QUERY, check_number, check_pattern
from atoll.services.identity import digest, global_home, session, stable_id
from atoll.services.registry import Request, Response, operation

ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):role/((?:[\x21-\x7e]+/)?)([\w+=,.@-]{1,64})", re.ASCII)
SESSION_NAME = re.compile(r"[\w+=,.@-]*", re.ASCII)


@operation(
    "AssumeRole",
    "RoleArn RoleSessionName PolicyArns Policy DurationSeconds Tags TransitiveTagKeys ExternalId SerialNumber "
    "TokenCode SourceIdentity",
    service="sts",
)
def assume_role(tx: Tx, request: Request) -> Response:
    """Keys of the role's account. Nothing is authorised here, so no trust policy is asked and no session policy kept;
    nor need the role exist."""
    arn, name = request["RoleArn"], request["RoleSessionName"]
    check_pattern(QUERY, "roleSessionName", name, SESSION_NAME, 64, least=2)
    match = ROLE_ARN.fullmatch(arn) if len(arn) <= 2048 else None
    if match is None:
        raise AwsError(QUERY, f"{arn[:200]} is invalid")
    account, role_name = match[1], match[3]
    role = tx.get(Role, global_home(account), role_name.lower())
    longest = role.longest_session if role is not None else 43_200
    seconds = _seconds(request, 3600, longest)
    role_id = role.id if role is not None else stable_id("AROA", arn)
    key = issue(account, tx.pick(1 << RANDOM_BITS))
    assumed = {
        "AssumedRoleId": f"{role_id}:{name}",
        "Arn": f"arn:aws:sts::{account}:assumed-role/{role_name}/{name}",
    }
    home = global_home(account)
    for old in tx.by(Session, "home", home):
        if old.expires < tx.time:
            tx.delete(old)
    expires = tx.time + timedelta(seconds=seconds)
    credentials = _credentials(tx, key, seconds)
    made = Session(home=home, id=key, arn=assumed["Arn"], user=assumed["AssumedRoleId"], expires=expires)
    tx.put(replace(made, token=digest(credentials["SessionToken"])))
    answer = {"Credentials": credentials, "AssumedRoleUser": assumed}
    if request.get("SourceIdentity"):
        answer["SourceIdentity"] = request["SourceIdentity"]
    return answer


@operation("GetSessionToken", "DurationSeconds SerialNumber TokenCode", service="sts")
def get_session_token(tx: Tx, request: Request) -> Response:
    """Temporary keys of the caller itself, and so of its account."""
    if session(tx) is not None:
        raise AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
    seconds = _seconds(request, 43_200, 129_600)
    return {"Credentials": _credentials(tx, issue(tx.account, tx.pick(1 << RANDOM_BITS)), seconds)}


def _seconds(request: Request, usual: int, most: int) -> int:
    wanted: int | None = request.get("DurationSeconds")
    if wanted is None:
        return min(usual, most)
    if 3600 <= most < wanted <= 43_200:
        raise AwsError(QUERY, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    return check_number(QUERY, "durationSeconds", wanted, 900, most)


def _credentials(tx: Tx, key: str, seconds: int) -> dict[str, Any]:
    """The secret is looked at by nobody: signatures are not checked."""
    return {
        "AccessKeyId": key,
        "SecretAccessKey": _noise(tx, 30),
        "SessionToken": _noise(tx, 240),
        "Expiration": tx.time + timedelta(seconds=seconds),
    }


def _noise(tx: Tx, size: int) -> str:
    return b64encode(tx.pick(1 << 8 * size).to_bytes(size, "big")).decode()
