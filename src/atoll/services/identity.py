"""Who calls: IAM is no region's, and every key that no role's session made is one user's.

Keys are not checked, so there is nobody to tell apart: each account has one user, named atoll.
"""

import hashlib
from base64 import b32encode

from atoll.model.kinds import Session
from atoll.model.tx import Tx

USER = "atoll"


def global_home(account: str) -> str:
    """Where an account's records of IAM live."""
    return f"{account}/aws-global"


def stable_id(prefix: str, text: str) -> str:
    """An id as IAM makes them (AROA..., ANPA...), the same for the same text."""
    return prefix + b32encode(hashlib.sha256(text.encode()).digest()).decode()[:17]


def user_arn(account: str) -> str:
    """The account's user."""
    return f"arn:aws:iam::{account}:user/{USER}"


def user_id(account: str) -> str:
    """The UserId of the account's user."""
    return stable_id("AIDA", user_arn(account))


def digest(token: str) -> str:
    """What is kept of a session's token: enough to know it again, and nothing to make it of."""
    return hashlib.sha256(token.encode()).hexdigest()


def session(tx: Tx) -> Session | None:
    """The role's session that this call was signed with, if it was and is known."""
    found = tx.get(Session, tx.access_key)
    return found if found is not None and found.home == global_home(tx.account) else None


def caller_arn(tx: Tx) -> str:
    """The ARN of whoever signed this call."""
    found = session(tx)
    return found.arn if found is not None else user_arn(tx.account)
