"""Tags of load balancers, target groups and listeners."""

from msgspec.structs import replace

from atoll.model.kinds import Listener, LoadBalancer, TargetGroup
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.elbv2.common import need, refused, tags_with
from atoll.services.registry import Request, Response, operation

MOST_ARNS = 20


def _tagged(tx: Tx, request: Request) -> list[LoadBalancer | TargetGroup | Listener]:
    arns = list(dict.fromkeys(request["ResourceArns"]))
    if not arns:
        raise refused("At least one resource ARN must be specified")
    if len(arns) > MOST_ARNS:
        raise refused(f"At most {MOST_ARNS} resource ARNs can be specified")
    return [_of(tx, arn) for arn in arns]


def _of(tx: Tx, arn: str) -> LoadBalancer | TargetGroup | Listener:
    section = arn.rpartition(":")[2].partition("/")[0]
    match section:
        case "loadbalancer":
            return need(tx, LoadBalancer, arn)
        case "targetgroup":
            return need(tx, TargetGroup, arn)
        case "listener":
            return need(tx, Listener, arn)
        case "listener-rule":
            raise AwsError("RuleNotFound", "One or more rules not found")
        case "truststore":
            raise AwsError("TrustStoreNotFound", "One or more trust stores not found")
    raise refused(f"'{arn}' is not a valid ARN of a taggable resource")


@operation("AddTags", "ResourceArns Tags", service="elbv2")
def add_tags(tx: Tx, request: Request) -> Response:
    """A key that exists gets its new value."""
    for one in _tagged(tx, request):
        tx.put(replace(one, tags=tags_with(one.tags, request["Tags"])))
    return {}


@operation("RemoveTags", "ResourceArns TagKeys", service="elbv2")
def remove_tags(tx: Tx, request: Request) -> Response:
    """Keys that there are none of are no error."""
    gone = set(request["TagKeys"])
    for one in _tagged(tx, request):
        tx.put(replace(one, tags=tuple((key, value) for key, value in one.tags if key not in gone)))
    return {}


@operation("DescribeTags", "ResourceArns", service="elbv2")
def describe_tags(tx: Tx, request: Request) -> Response:
    """Each resource with its own."""
    return {
        "TagDescriptions": [
            {"ResourceArn": one.arn, "Tags": [{"Key": key, "Value": value} for key, value in one.tags]}
            for one in _tagged(tx, request)
        ]
    }
