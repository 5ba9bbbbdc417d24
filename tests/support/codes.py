"""The error codes that the facts name for the families that are built, and those that clients receive in the tests.

The codes are those of the facts' sections 1 to 7 and 13 (docs/modelling.md says where facts come from). One that
nothing here answers is named below with the reason; when it is built after all, a test must receive it.

When the whole suite has run, tests/conftest.py asks `unheard` for what no client of botocore's has received.
"""

from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

CODES = {
    "VPCs, subnets, quotas": """
        AddressLimitExceeded AttachmentLimitExceeded CidrLimitExceeded
        DefaultSubnetAlreadyExistsInAvailabilityZone DefaultVpcAlreadyExists DefaultVpcDoesNotExist
        DependencyViolation InsufficientFreeAddressesInSubnet InternetGatewayLimitExceeded InvalidIPAddress.InUse
        InvalidInterface.IpAddressLimitExceeded InvalidParameterCombination InvalidParameterValue
        InvalidSubnet.Conflict InvalidSubnet.Range InvalidVpc.Range InvalidVpcRange InvalidZone.NotFound
        MissingParameter NetworkAclEntryLimitExceeded NetworkAclLimitExceeded NetworkInterfaceLimitExceeded
        OperationNotPermitted PrivateIpAddressLimitExceeded ResourceLimitExceeded RouteLimitExceeded
        RouteTableLimitExceeded RulesPerSecurityGroupLimitExceeded SecurityGroupLimitExceeded
        SecurityGroupsPerInstanceLimitExceeded SecurityGroupsPerInterfaceLimitExceeded SubnetLimitExceeded
        TagLimitExceeded VPCIdNotSpecified VpcLimitExceeded ActiveVpcPeeringConnectionPerVpcLimitExceeded
        OutstandingVpcPeeringConnectionLimitExceeded PendingVpcPeeringConnectionLimitExceeded
        VpcPeeringConnectionsPerVpcLimitExceeded FlowLogsLimitExceeded NatGatewayLimitExceeded
        VpcEndpointLimitExceeded""",
    "network interfaces": """
        AttachmentLimitExceeded AuthFailure InvalidAttachmentID.NotFound InvalidGroup.NotFound InvalidInstanceID
        InvalidNetworkInterface.InUse InvalidNetworkInterfaceAttachmentId.Malformed InvalidParameter
        Resource.AlreadyAssigned""",
    "addresses": """
        Gateway.NotAttached InvalidAddress.Locked InvalidAllocationID.NotFound InvalidAssociationID.NotFound
        Resource.AlreadyAssociated""",
    "gateways": "InvalidNatGatewayID.NotFound InvalidSubnetID.NotFound NatGatewayMalformed NatGatewayNotFound",
    "routes": "InvalidRoute.NotFound RouteAlreadyExists",
    "security groups": """
        CannotDelete InvalidGroup.Duplicate InvalidGroup.InUse InvalidGroup.Reserved InvalidGroupId.Malformed
        InvalidPermission.Duplicate InvalidPermission.Malformed InvalidPermission.NotFound
        InvalidSecurityGroupRuleId.NotFound""",
    "network ACLs": "InvalidNetworkAclEntry.NotFound InvalidNetworkAclID.NotFound NetworkAclEntryAlreadyExists",
    "requests": """
        DryRunOperation FilterLimitExceeded IdempotentInstanceTerminated IdempotentParameterMismatch
        IncorrectInstanceState InvalidAction InvalidDhcpOptionID.NotFound InvalidDhcpOptionsId.Malformed
        InvalidFlowLogId.NotFound InvalidEgressOnlyInternetGatewayId.NotFound InvalidGatewayID.NotFound
        InvalidInstanceID.Malformed InvalidInstanceID.NotFound InvalidInternetGateway.NotFound
        InvalidInternetGatewayID.NotFound InvalidNetworkInterfaceID.NotFound InvalidNextToken
        InvalidPaginationToken InvalidPrefixListId.NotFound InvalidRouteTableID.NotFound
        InvalidRouteTableId.Malformed InvalidState InvalidSubnetId.Malformed InvalidVpcID.NotFound
        MissingAuthenticationToken RequestExpired RequestLimitExceeded SignatureDoesNotMatch
        UnauthorizedOperation UnknownParameter UnsupportedOperation""",
}  # fmt: skip

NOT_HERE = {
    **dict.fromkeys(
        (
            "ActiveVpcPeeringConnectionPerVpcLimitExceeded",
            "OutstandingVpcPeeringConnectionLimitExceeded",
            "PendingVpcPeeringConnectionLimitExceeded",
            "VpcPeeringConnectionsPerVpcLimitExceeded",
        ),
        "peerings are not built yet",
    ),
    "FlowLogsLimitExceeded": "flow logs are not built yet",
    "VpcEndpointLimitExceeded": "endpoints are not built yet",
    "InvalidEgressOnlyInternetGatewayId.NotFound": "egress-only gateways come with IPv6",
    "InvalidVpcRange": "the other spelling of InvalidVpc.Range, which was seen on AWS",
    "InvalidZone.NotFound": "AWS documents it, and says InvalidParameterValue of zones that there are not",
    "InvalidGroup.InUse": "AWS documents it, and says DependencyViolation",
    "InvalidPermission.Malformed": "AWS documents it, and says InvalidParameterValue of malformed sources",
    "InvalidInternetGateway.NotFound": "a waiter waits for it; AWS says InvalidInternetGatewayID.NotFound",
    "InvalidPaginationToken": "the other name of InvalidNextToken",
    "InvalidState": "a general code that no operation here is known to answer on AWS",
    "RequestLimitExceeded": "nobody is throttled",
    **dict.fromkeys(("RequestExpired", "SignatureDoesNotMatch"), "signatures are not checked"),
    "UnauthorizedOperation": "nothing is authorised",
}


RECEIVED: set[str] = set()
"""What clients have received since `listen` was called."""


def wanted() -> set[str]:
    """What some client must receive."""
    return {code for codes in CODES.values() for code in codes.split()} - set(NOT_HERE)


def unheard(received: set[str]) -> list[str]:
    """What no client has received, by name."""
    return sorted(wanted() - received)


def listen() -> None:
    """Note the code of every error that a client of botocore's receives in this process, from now on."""
    call: Any = BaseClient._make_api_call

    def noting(self: Any, operation_name: str, api_params: Any) -> Any:
        try:
            return call(self, operation_name, api_params)
        except ClientError as error:
            RECEIVED.add(str(error.response["Error"]["Code"]))
            raise

    BaseClient._make_api_call = noting
