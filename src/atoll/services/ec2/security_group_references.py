"""What peerings do to group references (facts 120, 131).

Both operations tell of other VPCs, over a peering or a transit gateway. There are none here yet, so nothing is
referred to from outside and no rule is stale.
"""

from atoll.model.kinds import SecurityGroup, Vpc
from atoll.model.tx import Tx
from atoll.services.ec2.describe import answer, page
from atoll.services.ec2.lookup import need, need_all
from atoll.services.registry import Request, Response, operation

NOTHING: tuple[Response, ...] = ()


@operation("DescribeSecurityGroupReferences", "GroupId")
def describe_security_group_references(tx: Tx, request: Request) -> Response:
    """The VPCs at the other end of a peering whose groups refer to these."""
    need_all(tx, SecurityGroup, request["GroupId"])
    return answer("SecurityGroupReferenceSet", NOTHING)


@operation("DescribeStaleSecurityGroups", "VpcId MaxResults NextToken")
def describe_stale_security_groups(tx: Tx, request: Request) -> Response:
    """The groups with rules that name a group which a peering no longer reaches."""
    need(tx, Vpc, request["VpcId"])
    found, token = page(NOTHING, request, most=255)
    return answer("StaleSecurityGroupSet", found, token)
