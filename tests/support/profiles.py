"""An instance profile as AWS wants it at a launch: iam knows it, and it has a role."""

import json
from typing import Any

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ],
    }
)


def make_profile(iam: Any, name: str, path: str = "/") -> dict[str, Any]:
    """The profile, and a role of the same name in it; answers the profile as it was made."""
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    made = iam.create_instance_profile(InstanceProfileName=name, Path=path)["InstanceProfile"]
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return dict(made)
