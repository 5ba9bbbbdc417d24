"""Version 1 and 2: who gets a token, for how long it is good, and what is answered without one."""

import base64

import pytest

from tests.support.lab import Lab
from tests.unit.metadata.guest import TOKEN, TTL, Guest

PATH = "/latest/meta-data/instance-id"


def test_both_versions_where_tokens_are_optional(guest: Guest) -> None:
    assert guest.ask(PATH).content.decode() == guest.id
    told = guest.ask(PATH, **{TOKEN: guest.token(60)})
    assert (told.status, told.content.decode()) == (200, guest.id)
    assert told.headers[TTL] == "60"
    assert TTL not in guest.ask(PATH).headers


def test_a_change_of_options_is_effective_at_once(guest: Guest) -> None:
    token = guest.token()
    guest.options(HttpTokens="required")
    assert guest.ask(PATH).status == 401
    assert guest.ask("/").status == 401
    assert guest.ask("/latest/nothing").status == 401, "who has no token is not told what there is"
    assert guest.ask(PATH, **{TOKEN: token}).status == 200
    guest.options(HttpEndpoint="disabled")
    assert guest.ask(PATH, **{TOKEN: token}).status == 403
    assert guest.ask("/latest/api/token", "PUT", **{TTL: "60"}).status == 403
    guest.options(HttpEndpoint="enabled", HttpTokens="optional")
    assert guest.ask(PATH).status == 200


def test_the_newest_amazon_linux_asks_for_tokens(lab: Lab) -> None:
    named = [{"Name": "name", "Values": ["al2023-ami-*-kernel-6.1-x86_64"]}]
    image = lab.ec2.describe_images(Filters=named)["Images"][0]["ImageId"]
    guest = Guest(lab, ImageId=image, InstanceType="t3.micro")
    assert guest.ask(PATH).status == 401
    assert guest.read("meta-data/ami-id") == image


@pytest.mark.parametrize("seconds", ["1", "21600"])
def test_a_token_is_good_for_as_long_as_was_asked(guest: Guest, seconds: str) -> None:
    made = guest.ask("/latest/api/token", "PUT", **{TTL: seconds})
    assert (made.status, made.headers[TTL]) == (200, seconds)
    token = made.content.decode()
    assert len(token) == 56
    assert len(base64.urlsafe_b64decode(token)) == 40
    guest.lab.cloud.now += int(seconds) - 0.5
    assert guest.ask(PATH, **{TOKEN: token}).status == 200
    guest.lab.cloud.now += 0.5
    assert guest.ask(PATH, **{TOKEN: token}).status == 401


@pytest.mark.parametrize("seconds", [None, "", "0", "-1", "21601", "1.5", "sixty", "\u0661", "1" * 5000, "060000"])
def test_other_times_are_bad_requests(guest: Guest, seconds: str | None) -> None:
    headers = {} if seconds is None else {TTL: seconds}
    assert guest.ask("/latest/api/token", "PUT", **headers).status == 400


def test_a_proxy_gets_no_token(guest: Guest) -> None:
    forwarded = {"x-forwarded-for": "10.0.0.9"}
    assert guest.ask("/latest/api/token", "PUT", **{TTL: "60", **forwarded}).status == 403
    assert guest.ask(PATH, **{TOKEN: guest.token(), **forwarded}).status == 200


def test_tokens_of_dated_versions_are_forbidden(guest: Guest) -> None:
    assert guest.ask("/2021-03-23/api/token", "PUT", **{TTL: "60"}).status == 403


@pytest.mark.parametrize("made_up", ["", "x", "x" * 56, "AAAA", "\u00e9", "A" * 55 + "=", "A" * 54 + "=="])
def test_what_is_no_token_is_refused(guest: Guest, made_up: str) -> None:
    assert guest.ask(PATH, **{TOKEN: made_up}).status == 401


def test_a_token_is_good_for_the_instance_that_asked(guest: Guest) -> None:
    other = Guest(guest.lab)
    assert other.ask(PATH, **{TOKEN: guest.token()}).status == 401
    changed = bytearray(base64.urlsafe_b64decode(guest.token()))
    changed[0] |= 0x40  # good for ages
    assert guest.ask(PATH, **{TOKEN: base64.urlsafe_b64encode(changed).decode()}).status == 401


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS", "PUT"])
def test_other_methods_are_not_allowed(guest: Guest, method: str) -> None:
    refused = guest.ask(PATH, method)
    assert (refused.status, refused.headers["allow"], refused.content) == (405, "GET, HEAD", b"")


def test_the_token_is_not_there_to_be_read(guest: Guest) -> None:
    refused = guest.ask("/latest/api/token")
    assert (refused.status, refused.headers["allow"], refused.content) == (405, "OPTIONS, PUT", b"")


def test_refusals_are_small_pages(guest: Guest) -> None:
    refused = guest.ask("/latest/meta-data/nothing")
    assert (refused.status, refused.headers["content-type"]) == (404, "text/html")
    assert b"<h1>404 - Not Found</h1>" in refused.content
