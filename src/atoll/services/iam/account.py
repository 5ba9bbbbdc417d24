"""GetUser, ListUsers and ListAccountAliases: an account has one user and no alias."""

from datetime import UTC, datetime

from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.constraints import QUERY
from atoll.services.iam.names import name_of, not_found, page
from atoll.services.identity import USER, session, user_arn, user_id
from atoll.services.registry import Request, Response, operation

CREATED = datetime(2020, 1, 1, tzinfo=UTC)
"""Some time before anything else here."""


def _user(tx: Tx) -> Response:
    return {
        "Path": "/",
        "UserName": USER,
        "UserId": user_id(tx.account),
        "Arn": user_arn(tx.account),
        "CreateDate": CREATED,
    }


@operation("GetUser", "UserName", service="iam")
def get_user(tx: Tx, request: Request) -> Response:
    """The caller, unless a name is given."""
    if request.get("UserName") is None:
        if session(tx) is not None:
            raise AwsError(QUERY, "Must specify userName when calling with non-User credentials")
    elif name_of(request, "UserName", 128) != USER:
        raise not_found(f"The user with name {request['UserName']} cannot be found.")
    return {"User": _user(tx)}


@operation("ListUsers", "PathPrefix Marker MaxItems", service="iam")
def list_users(tx: Tx, request: Request) -> Response:
    """The one user."""
    users = [_user(tx)] if "/".startswith(request.get("PathPrefix") or "/") else []
    shown, more = page(users, request)
    return {"Users": shown, **more}


@operation("ListAccountAliases", "Marker MaxItems", service="iam")
def list_account_aliases(_tx: Tx, request: Request) -> Response:
    """No account has one."""
    _, more = page((), request)
    return {"AccountAliases": [], **more}
