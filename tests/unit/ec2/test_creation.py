"""What holds for every operation that makes something: tags on creation, DryRun, and a ClientToken that is repeated."""

from typing import Any

import pytest
from botocore import xform_name

from atoll.services.registry import OPERATIONS
from tests.support.everything import Everything
from tests.support.expect import named, refused, tag_specification
from tests.support.inprocess import InProcess
from tests.support.sound_calls import calls

TYPES = {
    "AllocateAddress": "elastic-ip",
    "AuthorizeSecurityGroupEgress": "security-group-rule",
    "AuthorizeSecurityGroupIngress": "security-group-rule",
    "CreateDhcpOptions": "dhcp-options",
    "CreateInternetGateway": "internet-gateway",
    "CreateKeyPair": "key-pair",
    "CreateLaunchTemplate": "launch-template",
    "CreateManagedPrefixList": "prefix-list",
    "CreateNatGateway": "natgateway",
    "CreateNetworkAcl": "network-acl",
    "CreateNetworkInsightsAccessScope": "network-insights-access-scope",
    "CreateNetworkInsightsPath": "network-insights-path",
    "CreateNetworkInterface": "network-interface",
    "CreatePlacementGroup": "placement-group",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateSubnetCidrReservation": "subnet-cidr-reservation",
    "CreateVpc": "vpc",
    "ImportKeyPair": "key-pair",
    "RunInstances": "instance",
    "StartNetworkInsightsAccessScopeAnalysis": "network-insights-access-scope-analysis",
    "StartNetworkInsightsAnalysis": "network-insights-analysis",
}
"""What each operation makes, as tags name it; AcceptAddressTransfer, which wants two accounts, has its own tests."""


OTHERWISE: dict[str, dict[str, Any]] = {
    "CreateLaunchTemplateVersion": {"VersionDescription": "other"},
    "ModifyInstanceCreditSpecification": {"InstanceCreditSpecifications": [{"InstanceId": "i-01234567"}]},
    "ModifyLaunchTemplate": {"DefaultVersion": "$Latest"},
}
"""Another request of the operations that have no tags."""


def taking(parameter: str) -> list[str]:
    return sorted(name for (service, name), one in OPERATIONS.items() if service == "ec2" and parameter in one.takes)


class Making:
    """One operation and its sound call, in an account with one of everything."""

    def __init__(self, operation: str) -> None:
        self.here = Everything(InProcess())
        self.params = calls(self.here)[operation]
        self._call = getattr(self.here.ec2, xform_name(operation))

    def __call__(self, **params: Any) -> dict[str, Any]:
        answer = self._call(**self.params, **params)
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    def refused(self, code: str, **params: Any) -> str:
        before = self.here.cloud.entities()
        message = refused(code, self._call, **self.params | params)
        assert self.here.cloud.entities() == before
        return message


def test_the_table_has_every_operation() -> None:
    assert set(taking("TagSpecifications")) == {*TYPES, "AcceptAddressTransfer"}


@pytest.mark.parametrize("operation", TYPES)
def test_tags_on_creation(operation: str) -> None:
    make, type_ = Making(operation), TYPES[operation]
    make.refused("InvalidParameterValue", TagSpecifications=tag_specification("vpn-gateway", Made="x"))
    make.refused("InvalidParameterValue", TagSpecifications=tag_specification(type_, **{"aws:made": "x"}))
    many = {f"key-{number}": "x" for number in range(51)}
    make.refused("TagLimitExceeded", TagSpecifications=tag_specification(type_, **many))
    make.refused("DryRunOperation", TagSpecifications=tag_specification(type_, Made="x"), DryRun=True)
    make(TagSpecifications=tag_specification(type_, Made="x"))
    (tag,) = make.here.ec2.describe_tags(Filters=named("key", "Made"))["Tags"]
    assert (tag["ResourceType"], tag["Value"]) == (type_, "x")


@pytest.mark.parametrize("operation", taking("ClientToken"))
def test_a_token_that_is_repeated(operation: str) -> None:
    make = Making(operation)
    make.refused("InvalidParameterValue", ClientToken="x" * 65)
    make.refused("DryRunOperation", ClientToken="token", DryRun=True)
    first = make(ClientToken="token")
    once = make.here.cloud.entities()
    assert make(ClientToken="token") == first
    assert make.here.cloud.entities() == once
    tagged = {"TagSpecifications": tag_specification(TYPES.get(operation, ""), Made="y")}
    make.refused("IdempotentParameterMismatch", ClientToken="token", **OTHERWISE.get(operation, tagged))
