"""From an id that a client named to the entity, or AWS's own error for it."""

import re
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from atoll.model.kinds import (
    AccessScope,
    AccessScopeAnalysis,
    CidrReservation,
    DhcpOptions,
    Entity,
    InsightsAnalysis,
    InsightsPath,
    Instance,
    InterfacePermission,
    InternetGateway,
    KeyPair,
    LaunchTemplate,
    NatGateway,
    NetworkAcl,
    NetworkAclAssociation,
    NetworkInterface,
    OwnImage,
    PlacementGroup,
    PrefixList,
    ProfileAssociation,
    RouteTable,
    RouteTableAssociation,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Volume,
    Vpc,
)
from atoll.model.kinds.interfaces import ElasticIp
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError

E = TypeVar("E", bound=Entity)


class Words(NamedTuple):
    """How AWS speaks of a kind's ids: the codes' casing is AWS's own (fact 252)."""

    not_found: str
    noun: str  # "The {noun} '{id}' does not exist"
    malformed: str
    sentence: str = "The {noun} '{id}' does not exist"


WORDS: dict[type[Entity], Words] = {
    Vpc: Words("InvalidVpcID.NotFound", "vpc ID", "InvalidVpcId.Malformed"),
    Subnet: Words("InvalidSubnetID.NotFound", "subnet ID", "InvalidSubnetId.Malformed"),
    CidrReservation: Words(
        "InvalidSubnetCidrReservationId.NotFound",
        "subnet CIDR reservation ID",
        "InvalidSubnetCidrReservationId.Malformed",
    ),
    DhcpOptions: Words("InvalidDhcpOptionID.NotFound", "dhcpOption ID", "InvalidDhcpOptionsId.Malformed"),
    InternetGateway: Words(
        "InvalidInternetGatewayID.NotFound", "internetGateway ID", "InvalidInternetGatewayId.Malformed"
    ),
    NatGateway: Words("NatGatewayNotFound", "Nat Gateway", "NatGatewayMalformed", "The {noun} {id} was not found"),
    RouteTable: Words("InvalidRouteTableID.NotFound", "routeTable ID", "InvalidRouteTableId.Malformed"),
    RouteTableAssociation: Words(
        "InvalidAssociationID.NotFound", "association ID", "InvalidRouteTableAssociationId.Malformed"
    ),
    SecurityGroup: Words("InvalidGroup.NotFound", "security group", "InvalidGroupId.Malformed"),
    SecurityGroupRule: Words(
        "InvalidSecurityGroupRuleId.NotFound", "security group rule ID", "InvalidSecurityGroupRuleId.Malformed"
    ),
    NetworkAcl: Words("InvalidNetworkAclID.NotFound", "network acl ID", "InvalidNetworkAclId.Malformed"),
    NetworkAclAssociation: Words(
        "InvalidAssociationID.NotFound", "association ID", "InvalidNetworkAclAssociationId.Malformed"
    ),
    PrefixList: Words("InvalidPrefixListId.NotFound", "prefix list ID", "InvalidPrefixListId.Malformed"),
    NetworkInterface: Words(
        "InvalidNetworkInterfaceID.NotFound", "networkInterface ID", "InvalidNetworkInterfaceId.Malformed"
    ),
    ElasticIp: Words("InvalidAllocationID.NotFound", "allocation ID", "InvalidAllocationID.Malformed"),
    Instance: Words("InvalidInstanceID.NotFound", "instance ID", "InvalidInstanceID.Malformed"),
    InterfacePermission: Words(
        "InvalidPermissionID.NotFound", "network interface permission ID", "InvalidPermissionID.Malformed"
    ),
    LaunchTemplate: Words(
        "InvalidLaunchTemplateId.NotFound", "launch template ID", "InvalidLaunchTemplateId.Malformed"
    ),
    PlacementGroup: Words("InvalidPlacementGroup.Unknown", "placement group ID", "InvalidPlacementGroupId.Malformed"),
    ProfileAssociation: Words("NoSuchAssociation", "association ID", "InvalidAssociationID.Malformed"),
    Volume: Words("InvalidVolume.NotFound", "volume", "InvalidVolumeID.Malformed"),
    OwnImage: Words("InvalidAMIID.NotFound", "image ID", "InvalidAMIID.Malformed"),
    KeyPair: Words("InvalidKeyPair.NotFound", "key pair ID", "InvalidKeyPair.Malformed"),
    InsightsPath: Words(
        "InvalidNetworkInsightsPathId.NotFound", "network insights path ID", "InvalidNetworkInsightsPathId.Malformed"
    ),
    InsightsAnalysis: Words(
        "InvalidNetworkInsightsAnalysisId.NotFound",
        "network insights analysis ID",
        "InvalidNetworkInsightsAnalysisId.Malformed",
    ),
    AccessScope: Words(
        "InvalidNetworkInsightsAccessScopeId.NotFound",
        "network insights access scope ID",
        "InvalidNetworkInsightsAccessScopeId.Malformed",
    ),
    AccessScopeAnalysis: Words(
        "InvalidNetworkInsightsAccessScopeAnalysisId.NotFound",
        "network insights access scope analysis ID",
        "InvalidNetworkInsightsAccessScopeAnalysisId.Malformed",
    ),
}

ID = re.compile(r"([a-z-]+)-(?:[0-9a-f]{8}|[0-9a-f]{17})\Z")


def need(tx: Tx, kind: type[E], id: str) -> E:  # noqa: A002 - AWS's word
    """The entity of that id in this account and region; AWS's Malformed or NotFound otherwise."""
    words = WORDS[kind]
    match = ID.match(id)
    if match is None or match[1] != kind.PREFIX:
        raise AwsError(words.malformed, f'Invalid id: "{id}" (expecting "{kind.PREFIX}-...")')
    entity = tx.own(kind, id)
    if entity is None:
        raise AwsError(words.not_found, words.sentence.format(noun=words.noun, id=id))
    return entity


def need_all(tx: Tx, kind: type[E], ids: Iterable[str]) -> list[E]:
    """The entities of those ids, each once, in the order named; one error for all that are missing."""
    words = WORDS[kind]
    found: list[E] = []
    missing: list[str] = []
    for id_ in dict.fromkeys(ids):
        try:
            found.append(need(tx, kind, id_))
        except AwsError as error:
            if error.code != words.not_found:
                raise
            missing.append(id_)
    if len(missing) == 1:
        raise AwsError(words.not_found, words.sentence.format(noun=words.noun, id=missing[0]))
    if missing:
        raise AwsError(words.not_found, f"The {words.noun}s '{', '.join(missing)}' do not exist")
    return found


def need_unmanaged(tx: Tx, id: str) -> NetworkInterface:  # noqa: A002 - AWS's word
    """The ENI of that id, for calls that change it: what a service manages is not its owner's to change (fact 87)."""
    interface = need(tx, NetworkInterface, id)
    if interface.managed:
        raise NOT_YOURS
    return interface


NOT_YOURS = AwsError("AuthFailure", "You do not have permission to access the specified resource.")
"""What belongs to an ENI that a service manages."""
