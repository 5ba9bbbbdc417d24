"""GetParameter, GetParameters, GetParametersByPath and GetParameterHistory."""

import re

from atoll.model.kinds import Parameter, ParameterVersion
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.registry import Request, Response, operation
from atoll.services.ssm.filters import check_filters, passes
from atoll.services.ssm.names import find, invalid, latest, named, need_parameter, versions
from atoll.services.ssm.public import PREFIX, public
from atoll.services.ssm.shapes import metadata_shape, page, parameter_shape, value_of

MOST_NAMES = 10
PATH = re.compile(r"/|/[a-zA-Z0-9_.\-/]*", re.ASCII)
BY_PATH_KEYS = ("Type", "KeyId", "Label")


@operation("GetParameter", "Name WithDecryption", service="ssm")
def get_parameter(tx: Tx, request: Request) -> Response:
    """One, by its name or ARN, with :version or :label."""
    wanted = named(tx, request["Name"])
    return {"Parameter": parameter_shape(find(tx, wanted), request, wanted.selector)}


@operation("GetParameters", "Names WithDecryption", service="ssm")
def get_parameters(tx: Tx, request: Request) -> Response:
    """Up to ten; those that there are none of are named, not refused."""
    names = dict.fromkeys(request["Names"])
    if not 1 <= len(names) <= MOST_NAMES:
        raise invalid(
            f"1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length less "
            f"than or equal to {MOST_NAMES} and greater than or equal to 1"
        )
    shown, unknown = [], []
    for name in names:
        try:
            wanted = named(tx, name)
            shown.append(parameter_shape(find(tx, wanted), request, wanted.selector))
        except AwsError:
            unknown.append(name)
    return {"Parameters": shown, "InvalidParameters": unknown}


@operation(
    "GetParametersByPath",
    "Path Recursive ParameterFilters WithDecryption MaxResults NextToken",
    service="ssm",
)
def get_parameters_by_path(tx: Tx, request: Request) -> Response:
    """What stands right below a path, or anywhere below it."""
    path: str = request["Path"]
    if not PATH.fullmatch(path) or "//" in path:
        raise invalid(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward "
            'slash "/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, '
            "numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not "
            'allowed. All sub-paths, if specified, must use the forward slash symbol "/". '
            "Valid example: /get/parameters2-/by1./path0_."
        )
    filters = check_filters(request, BY_PATH_KEYS)
    prefix = path if path.endswith("/") else path + "/"
    whole = bool(request.get("Recursive"))
    found = [
        version
        for version in _below(tx, prefix)
        if (whole or "/" not in version.name[len(prefix) :]) and passes(tx, version, filters)
    ]
    shown, more = page(found, request, 10)
    return {"Parameters": [parameter_shape(version, request) for version in shown], **more}


def _below(tx: Tx, prefix: str) -> list[ParameterVersion]:
    """By name. AWS's own are listed only where the path says so."""
    if prefix.startswith(PREFIX):
        return [version for name, version in public(tx.region).items() if name.startswith(prefix)]
    own = (one for one in tx.by(Parameter, "home", tx.home) if one.name.startswith(prefix))
    return sorted((latest(tx, one) for one in own), key=lambda version: version.name)


@operation("GetParameterHistory", "Name WithDecryption MaxResults NextToken", service="ssm")
def get_parameter_history(tx: Tx, request: Request) -> Response:
    """Every version of one of the account's own, the oldest first."""
    wanted = named(tx, request["Name"])
    if wanted.selector:
        raise invalid("A parameter's history is that of all its versions: leave out the version or label.")
    need_parameter(tx, wanted.name)
    shown, more = page(versions(tx, wanted.name), request, 50)
    history = [
        metadata_shape(version) | {"Value": value_of(version, request), "Labels": list(version.labels)}
        for version in shown
    ]
    return {"Parameters": history, **more}
