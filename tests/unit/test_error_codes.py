"""Every error code that the facts name for the families that are built is asked for by a test, through a client.

The codes are those of the facts' sections 1 to 7 and 13 (docs/modelling.md says where facts come from). One that
nothing here answers is named below with the reason; when it is built after all, this test asks for its own.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SOURCES = TESTS.parent / "src"

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


def texts(folder: Path, *, but: Path | None = None) -> list[str]:
    return [path.read_text() for path in folder.rglob("*.py") if path != but]


ASKING = [text for text in texts(TESTS, but=Path(__file__)) if "refused(" in text or "ClientError" in text]
"""Tests that look at a client's errors."""


@pytest.mark.parametrize("code", dict.fromkeys(code for codes in CODES.values() for code in codes.split()))
def test_the_code_is_asked_for_or_explained(code: str) -> None:
    if code not in NOT_HERE:
        assert any(f'"{code}"' in text for text in ASKING), "no test asks for it"


def test_what_is_explained_is_nowhere_answered() -> None:
    assert set(NOT_HERE) <= {code for codes in CODES.values() for code in codes.split()}
    answered = "".join(texts(SOURCES))
    assert not [code for code in NOT_HERE if f'"{code}"' in answered], "it is answered now: ask for it in a test"
