"""Every handler of EC2 takes parameters that botocore's model knows, and is registered under one of its operations.

That answers fit too is the serialiser's check in every other test here: it refuses a member that the shape lacks.
"""

import botocore.session
import pytest

import atoll.services.ec2  # noqa: F401 - registers the handlers
from atoll.services.registry import OPERATIONS, Operation

MODEL = botocore.session.Session().get_service_model("ec2")


@pytest.mark.parametrize(
    "built", [one for one in OPERATIONS.values() if one.service == "ec2"], ids=lambda one: one.name
)
def test_what_a_handler_takes_exists(built: Operation) -> None:
    shape = MODEL.operation_model(built.name).input_shape
    members = set(shape.members) if shape is not None else set()
    assert built.takes <= members
    assert set(shape.required_members if shape is not None else ()) <= built.takes
