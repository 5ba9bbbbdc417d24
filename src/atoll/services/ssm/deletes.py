"""DeleteParameter and DeleteParameters."""

from atoll.model.kinds import Parameter
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.registry import Request, Response, operation
from atoll.services.ssm.names import invalid, named, need_parameter, versions

MOST_NAMES = 10


def _delete(tx: Tx, text: str) -> None:
    wanted = named(tx, text)
    if wanted.selector:
        raise invalid("A parameter is deleted with all its versions: leave out the version or label.")
    parameter: Parameter = need_parameter(tx, wanted.name)
    for version in versions(tx, wanted.name):
        tx.delete(version)
    tx.delete(parameter)


@operation("DeleteParameter", "Name", service="ssm")
def delete_parameter(tx: Tx, request: Request) -> Response:
    """With all its versions."""
    _delete(tx, request["Name"])
    return {}


@operation("DeleteParameters", "Names", service="ssm")
def delete_parameters(tx: Tx, request: Request) -> Response:
    """Up to ten; those that there are none of are named, not refused."""
    names = dict.fromkeys(request["Names"])
    if not 1 <= len(names) <= MOST_NAMES:
        raise invalid(f"Between 1 and {MOST_NAMES} parameters can be deleted in one call.")
    deleted, unknown = [], []
    for name in names:
        try:
            _delete(tx, name)
            deleted.append(name)
        except AwsError:
            unknown.append(name)
    return {"DeletedParameters": deleted, "InvalidParameters": unknown}
