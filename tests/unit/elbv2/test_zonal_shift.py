"""Zonal shift through boto3: who can be shifted, what that does to names and targets, and how it ends."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.expect import refused
from tests.support.inprocess import START, InProcess
from tests.support.lab import look
from tests.unit.elbv2.front import Front
from tests.unit.elbv2.test_targets import report, sent_to, served, told

A, B = "use1-az6", "use1-az1"


class Shifting(Front):
    """A load balancer over zones a and b with a healthy server in each, and a client of zonal shift."""

    def __init__(self, cloud: InProcess) -> None:
        super().__init__(cloud)
        self.arc: Any = cloud.client("arc-zonal-shift")
        self.balancer, self.targets, self.servers = served(self)
        for server in self.servers.values():
            report(self, self.targets, server, "healthy")

    def enable(self, value: str = "true") -> None:
        attributes = [{"Key": "zonal_shift.config.enabled", "Value": value}]
        self.elb.modify_load_balancer_attributes(LoadBalancerArn=self.balancer, Attributes=attributes)

    def cross(self) -> None:
        """With cross-zone load balancing, and what zonal shift asks of target groups then."""
        on = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
        self.elb.modify_load_balancer_attributes(LoadBalancerArn=self.balancer, Attributes=on)
        key = "target_health_state.unhealthy.connection_termination.enabled"
        off = [{"Key": key, "Value": "false"}]
        self.elb.modify_target_group_attributes(TargetGroupArn=self.targets, Attributes=off)

    def start(self, zone: str = A, expires: str = "2h", **more: Any) -> dict[str, Any]:
        asked = {"resourceIdentifier": self.balancer, "awayFrom": zone, "expiresIn": expires, "comment": "a drill"}
        return dict(self.arc.start_zonal_shift(**{**asked, **more}))

    def resource(self) -> dict[str, Any]:
        return dict(self.arc.get_managed_resource(resourceIdentifier=self.balancer))

    def overrides(self) -> dict[str, str]:
        """Zone -> the state of its server's override."""
        found = self.elb.describe_target_health(TargetGroupArn=self.targets)["TargetHealthDescriptions"]
        zones = {server: zone for zone, server in self.servers.items()}
        return {zones[one["Target"]["Id"]]: one["AdministrativeOverride"]["State"] for one in found}


@pytest.fixture
def shifting() -> Shifting:
    return Shifting(InProcess())


def test_a_shift_takes_the_zone_out_of_the_name_until_it_is_cancelled(shifting: Shifting) -> None:
    shifting.enable()
    assert told(shifting, shifting.balancer) == "ab"
    made = shifting.start()
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (made["awayFrom"], made["status"], made["comment"]) == (A, "ACTIVE", "a drill")
    assert made["resourceIdentifier"] == shifting.balancer
    assert (made["startTime"].timestamp(), made["expiryTime"].timestamp()) == (START, START + 7200)
    assert told(shifting, shifting.balancer) == "b"
    assert sent_to(shifting, shifting.servers) == {"a": "a", "b": "b"}, "who asks for the zone by name still gets it"
    assert shifting.overrides() == {"a": "zonal_shift_delegated_to_dns", "b": "no_override"}
    ended = shifting.arc.cancel_zonal_shift(zonalShiftId=made["zonalShiftId"])
    assert ended["status"] == "CANCELED"
    assert told(shifting, shifting.balancer) == "ab"
    assert shifting.overrides() == {"a": "no_override", "b": "no_override"}


def test_with_cross_zone_the_targets_of_the_zone_get_nothing_new(shifting: Shifting) -> None:
    shifting.cross()
    shifting.enable()
    assert sent_to(shifting, shifting.servers) == {"a": "ab", "b": "ab"}
    shifting.start()
    assert told(shifting, shifting.balancer) == "b"
    assert sent_to(shifting, shifting.servers) == {"a": "b", "b": "b"}, "and nothing that goes on is cut"
    assert shifting.overrides() == {"a": "zonal_shift_active", "b": "no_override"}
    assert shifting.health(shifting.targets)[0][1] == "healthy", "its checks go on"


def test_where_no_other_zone_is_fit_all_are_told(shifting: Shifting) -> None:
    shifting.enable()
    shifting.start()
    report(shifting, shifting.targets, shifting.servers["b"], "unhealthy", "Target.Timeout", "Request timed out")
    assert told(shifting, shifting.balancer) == "ab"


def test_a_shift_ends_when_its_time_is_over(shifting: Shifting) -> None:
    shifting.enable()
    made = shifting.start(expires="10m")
    shifting.cloud.now += 300
    look(shifting.cloud)
    later = shifting.arc.update_zonal_shift(zonalShiftId=made["zonalShiftId"], expiresIn="10m", comment="a longer one")
    assert (later["expiryTime"].timestamp(), later["comment"]) == (START + 900, "a longer one")
    shifting.cloud.now += 599
    look(shifting.cloud)
    assert told(shifting, shifting.balancer) == "b"
    shifting.cloud.now += 1
    look(shifting.cloud)
    assert told(shifting, shifting.balancer) == "ab"
    (one,) = shifting.arc.list_zonal_shifts()["items"]
    assert (one["status"], one["zonalShiftId"]) == ("EXPIRED", made["zonalShiftId"])


def test_what_a_resource_says_of_itself(shifting: Shifting) -> None:
    shifting.enable()
    found = shifting.resource()
    assert (found["arn"], found["name"], found["zonalAutoshiftStatus"]) == (shifting.balancer, "front", "DISABLED")
    assert (found["appliedWeights"], found["zonalShifts"], found["autoshifts"]) == ({A: 1.0, B: 1.0}, [], [])
    made = shifting.start(B)
    found = shifting.resource()
    assert found["appliedWeights"] == {A: 1.0, B: 0.0}
    (shift,) = found["zonalShifts"]
    assert (shift["zonalShiftId"], shift["appliedStatus"]) == (made["zonalShiftId"], "APPLIED")
    (listed,) = shifting.arc.list_managed_resources()["items"]
    assert (listed["arn"], sorted(listed["availabilityZones"])) == (shifting.balancer, [B, A])
    assert shifting.arc.list_autoshifts(status="ACTIVE")["items"] == []


def test_only_a_load_balancer_that_has_it_enabled_is_managed(shifting: Shifting) -> None:
    for call in (shifting.start, shifting.resource):
        refused("ResourceNotFoundException", call)
    assert shifting.arc.list_managed_resources()["items"] == []
    shifting.enable()
    made = shifting.start()
    shifting.enable("false")
    assert told(shifting, shifting.balancer) == "ab"
    refused("ResourceNotFoundException", shifting.resource)
    shifting.enable()
    assert shifting.resource()["zonalShifts"][0]["zonalShiftId"] == made["zonalShiftId"]
    stranger = shifting.cloud.client("arc-zonal-shift", account="111111111111")
    refused("ResourceNotFoundException", stranger.get_managed_resource, resourceIdentifier=shifting.balancer)
    refused("ResourceNotFoundException", stranger.cancel_zonal_shift, zonalShiftId=made["zonalShiftId"])
    shifting.elb.delete_load_balancer(LoadBalancerArn=shifting.balancer)
    assert shifting.arc.list_zonal_shifts()["items"] == []


def test_one_at_a_time_and_none_twice(shifting: Shifting) -> None:
    shifting.enable()
    made = shifting.start()
    with pytest.raises(ClientError) as caught:
        shifting.start(B)
    error = caught.value.response
    assert error["Error"]["Code"] == "ConflictException"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 409
    said: dict[str, Any] = dict(error)
    assert (said["reason"], said["zonalShiftId"]) == ("ZonalShiftAlreadyExists", made["zonalShiftId"])
    shifting.arc.cancel_zonal_shift(zonalShiftId=made["zonalShiftId"])
    for again in (shifting.arc.cancel_zonal_shift, shifting.arc.update_zonal_shift):
        refused("ConflictException", again, zonalShiftId=made["zonalShiftId"])
    shifting.start(B)
    assert told(shifting, shifting.balancer) == "a"


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"zone": "use1-az9"}, "InvalidAz"),
        ({"zone": "us-east-1a"}, "InvalidAz"),
        ({"zone": "use1-az2"}, "UnsupportedAz"),
        ({"expires": "73h"}, "InvalidExpiresIn"),
        ({"expires": "soon"}, "InvalidExpiresIn"),
        ({"expires": "0m"}, "InvalidExpiresIn"),
        ({"comment": "c" * 129}, None),
    ],
)
def test_what_does_not_fit(shifting: Shifting, asked: dict[str, Any], reason: str | None) -> None:
    shifting.enable()
    with pytest.raises(ClientError) as caught:
        shifting.start(**asked)
    said: dict[str, Any] = dict(caught.value.response)
    assert (said["Error"]["Code"], said.get("reason")) == ("ValidationException", reason)
    assert shifting.arc.list_zonal_shifts()["items"] == []


def test_lists_in_pages_and_by_status(shifting: Shifting) -> None:
    shifting.enable()
    ids = []
    for zone in (A, B, A):
        ids.append(shifting.start(zone)["zonalShiftId"])
        if len(ids) < 3:
            shifting.arc.cancel_zonal_shift(zonalShiftId=ids[-1])
    pages = shifting.arc.get_paginator("list_zonal_shifts").paginate(PaginationConfig={"PageSize": 2})
    assert [one["zonalShiftId"] for page in pages for one in page["items"]] == ids[::-1]
    active = shifting.arc.list_zonal_shifts(status="ACTIVE", resourceIdentifier=shifting.balancer)["items"]
    assert [one["zonalShiftId"] for one in active] == ids[2:]
    assert shifting.arc.list_zonal_shifts(resourceIdentifier="arn:aws:other")["items"] == []
    for wrong in ({"status": "OVER"}, {"maxResults": 0}, {"maxResults": 101}, {"nextToken": "x"}):
        refused("ValidationException", shifting.arc.list_zonal_shifts, **wrong)


def test_cross_zone_needs_target_groups_that_end_nothing(shifting: Shifting) -> None:
    on = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
    shifting.elb.modify_load_balancer_attributes(LoadBalancerArn=shifting.balancer, Attributes=on)
    assert shifting.targets in refused("InvalidConfigurationRequest", shifting.enable)
    shifting.cross()
    shifting.enable()


def test_what_nobody_has_built_is_refused(shifting: Shifting) -> None:
    status = shifting.arc.get_autoshift_observer_notification_status
    assert "docs/coverage.md" in refused("InvalidAction", status)
