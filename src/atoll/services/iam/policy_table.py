"""Managed policies, AWS's and one's own, from an ARN.

AWS has more than a thousand of its own, whose documents nobody here reads. Those that templates of networks attach
are named below, for ListPolicies; any other well-formed ARN of AWS's is taken for one as well.
"""

import re

from atoll.model.kinds import Policy
from atoll.model.tx import Tx
from atoll.services.identity import global_home

AWS_ARN = re.compile(r"arn:aws:iam::aws:policy(/(?:[\w.-]+/){0,2})([\w+=,.@-]{1,128})", re.ASCII)
OWN_ARN = re.compile(r"arn:aws:iam::([0-9]{12}):policy(/(?:[\x21-\x7e]+/)?)([\w+=,.@-]{1,128})", re.ASCII)

AWS_POLICIES = (
    "AdministratorAccess", "AmazonDynamoDBFullAccess", "service-role/AmazonEBSCSIDriverPolicy",
    "AmazonEC2ContainerRegistryPowerUser", "AmazonEC2ContainerRegistryReadOnly",
    "service-role/AmazonEC2ContainerServiceforEC2Role", "AmazonEC2FullAccess", "AmazonEC2ReadOnlyAccess",
    "service-role/AmazonEC2RoleforSSM", "AmazonECS_FullAccess", "service-role/AmazonECSTaskExecutionRolePolicy",
    "AmazonEKS_CNI_Policy", "AmazonEKSClusterPolicy", "AmazonEKSVPCResourceController", "AmazonEKSWorkerNodePolicy",
    "AmazonElasticFileSystemClientReadWriteAccess", "AmazonRDSFullAccess", "AmazonRoute53FullAccess",
    "AmazonS3FullAccess", "AmazonS3ReadOnlyAccess", "AmazonSNSFullAccess", "AmazonSQSFullAccess",
    "AmazonSSMFullAccess", "service-role/AmazonSSMMaintenanceWindowRole", "AmazonSSMManagedInstanceCore",
    "AmazonSSMPatchAssociation", "AmazonSSMReadOnlyAccess", "AmazonVPCFullAccess", "AmazonVPCReadOnlyAccess",
    "AWSCloudFormationFullAccess", "service-role/AWSLambdaBasicExecutionRole",
    "service-role/AWSLambdaVPCAccessExecutionRole", "CloudWatchAgentAdminPolicy", "CloudWatchAgentServerPolicy",
    "CloudWatchFullAccess", "CloudWatchLogsFullAccess", "CloudWatchReadOnlyAccess",
    "ElasticLoadBalancingFullAccess", "ElasticLoadBalancingReadOnly", "IAMFullAccess", "IAMReadOnlyAccess",
    "job-function/NetworkAdministrator", "PowerUserAccess", "ReadOnlyAccess", "SecretsManagerReadWrite",
    "SecurityAudit", "job-function/ViewOnlyAccess",
)  # fmt: skip
"""Path and name of each, by name."""


def aws_arn(name: str) -> str:
    """The ARN of one of AWS's, from its path and name."""
    return f"arn:aws:iam::aws:policy/{name}"


def own_policy(tx: Tx, arn: str) -> Policy | None:
    """The account's own policy of that ARN."""
    match = OWN_ARN.fullmatch(arn)
    if match is None or match[1] != tx.account:
        return None
    found = tx.get(Policy, global_home(tx.account), match[3].lower())
    return found if found is not None and (found.path, found.name) == (match[2], match[3]) else None


def is_policy(tx: Tx, arn: str) -> bool:
    """Whether there is a policy of that ARN."""
    return AWS_ARN.fullmatch(arn) is not None or own_policy(tx, arn) is not None
