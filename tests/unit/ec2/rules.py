"""What the tests of security group rules share."""

from typing import Any

from tests.support.expect import named

EVERYWHERE = [{"CidrIp": "0.0.0.0/0"}]


def permission(protocol: str = "tcp", low: int | None = 80, high: int | None = 80, **sources: Any) -> dict[str, Any]:
    range_ = {"FromPort": low, "ToPort": high} if low is not None else {}
    return {"IpProtocol": protocol, **range_, **(sources or {"IpRanges": EVERYWHERE})}


def make_group(ec2: Any, vpc: str, name: str) -> str:
    return str(ec2.create_security_group(GroupName=name, Description="d", VpcId=vpc)["GroupId"])


def inbound(ec2: Any, group: str) -> list[dict[str, Any]]:
    (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return [{key: value for key, value in one.items() if value != []} for one in found["IpPermissions"]]


def rules(ec2: Any, group: str) -> list[dict[str, Any]]:
    return list(ec2.describe_security_group_rules(Filters=named("group-id", group))["SecurityGroupRules"])


def ids(answer: dict[str, Any], member: str = "SecurityGroupRules") -> list[str]:
    return [rule["SecurityGroupRuleId"] for rule in answer[member]]


NO_SOURCE = "Missing source specification: include source security group or CIDR information"
BOTH_PORTS = "Invalid value for portRange. Must specify both from and to ports with TCP/UDP."
NULL_PROTOCOL = "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly."
