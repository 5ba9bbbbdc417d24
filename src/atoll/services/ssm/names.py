"""From what a client names (a name, an ARN, with a version or a label) to a version of a parameter."""

import re
from typing import NamedTuple

from atoll.model.kinds import Parameter, ParameterVersion
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.constraints import JSON
from atoll.services.ssm.public import AWS, PREFIX, public

LONGEST = 1011
MOST_LEVELS = 15
NAME = re.compile(r"[a-zA-Z0-9_.\-/]+", re.ASCII)
ARN = re.compile(r"arn:aws:ssm:([a-z0-9-]+):([0-9]{0,12}):parameter(/.*)", re.DOTALL)

RULES = (
    'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of '
    "sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 "
    "symbols .-_"
)


class Named(NamedTuple):
    """What a client named: `selector` is the version or label, with its colon, or nothing."""

    name: str
    selector: str


def invalid(message: str) -> AwsError:
    """ValidationException."""
    return AwsError(JSON, message)


def no_parameter(name: str) -> AwsError:
    """ParameterNotFound. AWS says nothing more; a name is kinder."""
    return AwsError("ParameterNotFound", f"Parameter {name[:200]} not found.")


def check_new(name: str) -> str:
    """A name that a parameter may be given."""
    plain = name.lower().lstrip("/")
    if plain.startswith("aws"):
        raise AwsError("AccessDeniedException", f"No access to reserved parameter name: {name[:200]}.")
    if not name or plain.startswith("ssm") or not NAME.fullmatch(name) or "//" in name:
        raise invalid(RULES)
    if "/" in name and not name.startswith("/"):
        raise invalid("Parameter name must be a fully qualified name.")
    if name.endswith("/"):
        raise invalid("Parameter name must not end with slash.")
    if len(name) > LONGEST:
        raise invalid(f"The parameter name, with its ARN, must not be longer than {LONGEST} characters.")
    if name.count("/") > MOST_LEVELS:
        raise AwsError(
            "HierarchyLevelLimitExceededException",
            f"A parameter name can have at most {MOST_LEVELS} levels. To use more, split the hierarchy.",
        )
    return name


def named(tx: Tx, text: str) -> Named:
    """Read a name or an ARN of this region, and what follows the colon."""
    if text.startswith("arn:"):
        match = ARN.fullmatch(text)
        if match is None or match[1] != tx.region or match[2] not in ("", tx.account):
            raise no_parameter(text)
        path = match[3]
        text = path if path.count("/") > 1 or path.startswith(PREFIX) else path[1:]
        whole = path.partition(":")[0]
        if tx.get(Parameter, tx.home, whole) is not None:
            text = path
    name, colon, selector = text.partition(":")
    if not NAME.fullmatch(name) or (colon and not selector):
        raise invalid(RULES)
    return Named(name, colon + selector)


def versions(tx: Tx, name: str) -> list[ParameterVersion]:
    """Every version of one of the account's parameters, the oldest first."""
    return sorted(tx.by(ParameterVersion, "parameter", f"{tx.home}/{name}"), key=lambda one: one.version)


def need_parameter(tx: Tx, name: str) -> Parameter:
    """One of the account's own."""
    found = tx.get(Parameter, tx.home, name)
    if found is None:
        raise no_parameter(name)
    return found


def latest(tx: Tx, parameter: Parameter) -> ParameterVersion:
    """The newest version."""
    found = tx.get(ParameterVersion, parameter.home, parameter.name, str(parameter.latest))
    assert found is not None, parameter
    return found


def find(tx: Tx, wanted: Named) -> ParameterVersion:
    """The version that is meant, of the account's own or of AWS's public ones."""
    open_to_all = public(tx.region).get(wanted.name)
    if open_to_all is not None:
        if wanted.selector not in ("", ":1"):
            raise _no_version(wanted)
        return open_to_all
    parameter = need_parameter(tx, wanted.name)
    if not wanted.selector:
        return latest(tx, parameter)
    asked = wanted.selector[1:]
    for one in versions(tx, wanted.name):
        if asked == str(one.version) or asked in one.labels:
            return one
    raise _no_version(wanted)


def _no_version(wanted: Named) -> AwsError:
    asked = wanted.selector[1:][:100]
    if asked.isdecimal():
        return AwsError(
            "ParameterVersionNotFound",
            f"Systems Manager could not find version {asked} of {wanted.name}. Verify the version and try again.",
        )
    return AwsError(
        "ParameterVersionNotFound",
        f"Systems Manager could not find label {asked} of {wanted.name}. Verify the label and try again.",
    )


def arn(version: ParameterVersion) -> str:
    """AWS's own parameters name no account."""
    owner = "" if version.account == AWS else version.account
    return f"arn:aws:ssm:{version.region}:{owner}:parameter/{version.name.removeprefix('/')}"
