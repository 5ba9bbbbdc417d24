"""GetCallerIdentity and GetAccessKeyInfo."""

import re

from atoll.model.tx import Tx
from atoll.protocol import account
from atoll.services.constraints import QUERY, check_pattern
from atoll.services.identity import session, user_arn, user_id
from atoll.services.registry import Request, Response, operation

ACCESS_KEY = re.compile(r"[\w]*")


@operation("GetCallerIdentity", service="sts")
def get_caller_identity(tx: Tx, _request: Request) -> Response:
    """The account's user, or the role whose session it is."""
    found = session(tx)
    if found is not None:
        return {"UserId": found.user, "Account": tx.account, "Arn": found.arn}
    return {"UserId": user_id(tx.account), "Account": tx.account, "Arn": user_arn(tx.account)}


@operation("GetAccessKeyInfo", "AccessKeyId", service="sts")
def get_access_key_info(_tx: Tx, request: Request) -> Response:
    """The account that calls signed with that key are made in."""
    key = check_pattern(QUERY, "accessKeyId", request["AccessKeyId"], ACCESS_KEY, 128, least=12)
    return {"Account": account(key)}
