"""The endpoint: every request gets AWS's answer or AWS's error, and nothing else."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

import atoll.services.ec2  # noqa: F401 - registers the handlers
from atoll.app.endpoint import Endpoint, Reply
from atoll.app.instances import NoGuests
from atoll.compile import constants
from atoll.engine.clock import ManualClock
from atoll.engine.effects import Effects
from atoll.engine.store import Store
from atoll.engine.timers import Timed, Timers
from atoll.engine.writer import Writer
from atoll.fabric.none import NoFabric
from atoll.model.kinds import InternetGateway, Subnet, Vpc
from atoll.model.machines import Event
from atoll.model.tx import Settings
from atoll.services import due, registry
from atoll.services.ec2 import lifecycle

SCOPE = "AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"


class Site:
    """An endpoint without sockets."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.clock = clock = ManualClock()
        self.writer = Writer(
            Store(folder / "atoll.db"), NoFabric(), clock, settings, constants(["us-east-1a", "us-east-1b"]), seed=1
        )
        self.effects = Effects(NoGuests(), self._report)
        self.timers = Timers(self.writer, clock, self._report, self._look)
        self.endpoint = Endpoint(self.writer, self.effects, self.timers, self.writer.reset)

    async def _report(self, instance: str, boot: int, event: Event) -> None:
        written = await self.writer.write(
            "000000000000", "atoll", lambda tx: lifecycle.on_event(tx, instance, boot, event)
        )
        self.effects.follow(written.delta)

    async def _look(self, thing: Timed) -> None:
        await self.writer.write(thing.account, thing.region, lambda tx: due.look(tx, thing))

    async def ask(self, *, key: str = "atoll", region: str = "us-east-1", service: str = "ec2", **fields: str) -> Reply:
        names = {"authorization": SCOPE.format(key=key, region=region, service=service)}
        body = urlencode({"Version": "2016-11-15", **fields}).encode()
        return await self.endpoint.reply("POST", "/", names, "", body)


def run(folder: Path, story: Callable[[Site], Coroutine[Any, Any, None]], settings: Settings | None = None) -> None:
    async def whole() -> None:
        site = Site(folder, settings or Settings())
        await site.writer.load()
        try:
            await story(site)
        finally:
            await site.effects.close()
            site.writer.close()

    asyncio.run(whole())


def text(reply: Reply, tag: str) -> str:
    found = next(element for element in ElementTree.fromstring(reply[2]).iter() if element.tag.split("}")[-1] == tag)
    return found.text or ""


def refusal(reply: Reply) -> tuple[int, str]:
    return reply[0], text(reply, "Code")


def test_a_write_is_answered_and_read_back(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        made = await site.ask(Action="CreateVpc", CidrBlock="10.0.0.0/16")
        shown = await site.ask(Action="DescribeVpcs")
        assert (made[0], shown[0]) == (200, 200)
        assert f"<vpcId>{text(made, 'vpcId')}</vpcId>".encode() in shown[2]

    run(tmp_path, story)


def test_region_and_account_keep_things_apart(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        vpc = text(await site.ask(Action="CreateVpc", CidrBlock="10.0.0.0/16"), "vpcId")
        named = {"Action": "DescribeVpcs", "VpcId.1": vpc}
        assert (await site.ask(**named))[0] == 200
        assert refusal(await site.ask(region="eu-west-1", **named)) == (400, "InvalidVpcID.NotFound")
        assert refusal(await site.ask(key="210987654321", **named)) == (400, "InvalidVpcID.NotFound")

    run(tmp_path, story)


def test_a_nat_gateway_works_when_the_next_call_looks(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        subnet = text(await site.ask(Action="DescribeSubnets"), "subnetId")
        elastic = text(await site.ask(Action="AllocateAddress", Domain="vpc"), "allocationId")
        made = await site.ask(Action="CreateNatGateway", SubnetId=subnet, AllocationId=elastic)
        assert text(made, "state") == "pending"
        named = {"NatGatewayId.1": text(made, "natGatewayId")}
        assert text(await site.ask(Action="DescribeNatGateways", **named), "state") == "available"
        await site.ask(Action="DeleteNatGateway", NatGatewayId=named["NatGatewayId.1"])
        assert text(await site.ask(Action="DescribeNatGateways", **named), "state") == "deleted"
        site.clock.advance(3600)
        await site.timers.tick()
        assert refusal(await site.ask(Action="DescribeNatGateways", **named)) == (400, "NatGatewayNotFound")

    run(tmp_path, story)


def test_what_cannot_be_done_at_once_is_done_at_the_next_tick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(site: Site) -> None:
        subnet = text(await site.ask(Action="DescribeSubnets"), "subnetId")
        with monkeypatch.context() as broken:
            broken.setattr(site.timers, "_look", lambda _gateway: _fail())
            made = await site.ask(Action="CreateNatGateway", SubnetId=subnet, ConnectivityType="private")
        named = {"NatGatewayId.1": text(made, "natGatewayId")}
        assert text(await site.ask(Action="DescribeNatGateways", **named), "state") == "pending"
        await site.timers.tick()
        assert text(await site.ask(Action="DescribeNatGateways", **named), "state") == "available"

    run(tmp_path, story)


async def _fail() -> None:
    raise OSError("the disk is full")


def test_dry_run_changes_nothing(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        reply = await site.ask(Action="CreateVpc", CidrBlock="10.0.0.0/16", DryRun="true")
        assert refusal(reply) == (412, "DryRunOperation")
        assert [vpc.is_default for vpc in site.writer.model.all(Vpc)] == [True]

    run(tmp_path, story)


def test_the_first_call_finds_a_default_vpc(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        assert list(site.writer.model.all(Vpc)) == []
        calls = [site.ask(Action="DescribeVpcs") for _ in range(3)]
        shown = {text(reply, "vpcId") for reply in await asyncio.gather(*calls)}
        assert len(shown) == 1
        assert refusal(await site.ask(Action="CreateDefaultVpc")) == (400, "DefaultVpcAlreadyExists")
        for place in ({"region": "eu-west-1"}, {"key": "210987654321"}):
            shown.add(text(await site.ask(Action="DescribeVpcs", **place), "vpcId"))
        assert len(shown) == 3

    run(tmp_path, story)


def test_a_first_call_that_is_refused_is_a_first_call_too(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        assert refusal(await site.ask(Action="CreateVpc")) == (400, "MissingParameter")
        assert len(list(site.writer.model.all(Vpc))) == 1
        assert (await site.ask(Action="DescribeTransitGateways", key="210987654321"))[0] == 200
        assert len(list(site.writer.model.all(Vpc))) == 1, "nothing that is built was asked there"

    run(tmp_path, story)


def test_a_deleted_default_vpc_comes_back_by_a_reset_alone(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        vpc = text(await site.ask(Action="DescribeVpcs"), "vpcId")
        for gateway in site.writer.draft("123456789012", "us-east-1").mine(InternetGateway):
            await site.ask(Action="DetachInternetGateway", InternetGatewayId=gateway.id, VpcId=vpc)
        for subnet in list(site.writer.model.all(Subnet)):
            assert (await site.ask(Action="DeleteSubnet", SubnetId=subnet.id))[0] == 200
        assert (await site.ask(Action="DeleteVpc", VpcId=vpc))[0] == 200
        assert b"<vpcId>" not in (await site.ask(Action="DescribeVpcs"))[2]
        assert (await site.endpoint.reply("POST", "/moto-api/reset", {}, "", b""))[0] == 200
        assert list(site.writer.model.all(Vpc)) == []
        assert text(await site.ask(Action="DescribeVpcs"), "vpcId") != vpc

    run(tmp_path, story)


def test_default_vpcs_can_be_switched_off(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        assert b"<vpcId>" not in (await site.ask(Action="DescribeVpcs"))[2]
        assert b"<dhcpOptionsId>" in (await site.ask(Action="DescribeDhcpOptions"))[2]
        assert (await site.ask(Action="CreateDefaultVpc"))[0] == 200

    run(tmp_path, story, Settings(default_vpc=False))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Action": "MakeCoffee"}, "InvalidAction"),
        ({"Action": "CreateTransitGateway"}, "InvalidAction"),
        ({"Action": "CreateVpc", "CidrBlock": "10.0.0.0/16", "Colour": "red"}, "UnknownParameter"),
        ({"Action": "CreateVpc", "AmazonProvidedIpv6CidrBlock": "true"}, "UnsupportedOperation"),
        ({"Action": "DescribeNatGateways", "NatGatewayId.1": "nat-0123456789abcdef0"}, "NatGatewayNotFound"),
        ({"Action": "DescribeFlowLogs", "FlowLogId.1": "fl-0123456789abcdef0"}, "InvalidFlowLogId.NotFound"),
    ],
)
def test_what_cannot_be_done_is_a_400_that_nobody_retries(tmp_path: Path, fields: dict[str, str], code: str) -> None:
    async def story(site: Site) -> None:
        assert refusal(await site.ask(**fields)) == (400, code)

    run(tmp_path, story)


def test_things_that_cannot_exist_here_are_truthfully_none(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        status, _, body = await site.ask(Action="DescribeTransitGateways")
        assert status == 200
        assert b"<transitGatewaySet/>" in body or b"<transitGatewaySet></transitGatewaySet>" in body

    run(tmp_path, story)


def test_a_service_that_is_not_served_names_itself(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        status, _, body = await site.ask(service="s3", Action="ListBuckets")
        assert status == 400
        assert b"s3" in body

    run(tmp_path, story)


def test_an_unsigned_request_is_refused(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        reply = await site.endpoint.reply("POST", "/", {}, "", b"Action=DescribeVpcs&Version=2016-11-15")
        assert refusal(reply) == (403, "MissingAuthenticationToken")

    run(tmp_path, story)


def test_a_handlers_bug_is_one_request_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(site: Site) -> None:
        built = registry.OPERATIONS["ec2", "CreateVpc"]

        def broken(_tx: object, _request: object) -> registry.Response:
            raise KeyError("a bug")

        monkeypatch.setitem(registry.OPERATIONS, ("ec2", "CreateVpc"), built._replace(handler=broken))
        assert refusal(await site.ask(Action="CreateVpc", CidrBlock="10.0.0.0/16")) == (400, "InternalFailure")
        monkeypatch.undo()
        assert (await site.ask(Action="CreateVpc", CidrBlock="10.0.0.0/16"))[0] == 200

    run(tmp_path, story)


def test_reset_as_suites_written_for_moto_expect_it(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        await site.ask(Action="CreateVpc", CidrBlock="10.0.0.0/16")
        assert (await site.endpoint.reply("POST", "/moto-api/reset", {}, "", b""))[0] == 200
        assert list(site.writer.model.all(Vpc)) == []

    run(tmp_path, story)


def test_a_body_beyond_all_measure_is_refused(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        names = {"authorization": SCOPE.format(key="atoll", region="us-east-1", service="ec2")}
        assert refusal(await site.endpoint.reply("POST", "/", names, "", None)) == (413, "RequestEntityTooLarge")

    run(tmp_path, story)


@pytest.mark.parametrize("header", ["origin", "sec-fetch-site"])
def test_a_web_page_gets_nothing_done(tmp_path: Path, header: str) -> None:
    """A page of any site could name the port; its credentials would be as good as any."""

    async def story(site: Site) -> None:
        query = "Action=CreateVpc&CidrBlock=10.0.0.0%2F16&Version=2016-11-15"
        query += "&X-Amz-Credential=a/20260101/us-east-1/ec2/aws4_request"
        names = {header: "http://example.com"}
        assert (await site.endpoint.reply("GET", "/", names, query, b""))[0] == 403
        assert (await site.endpoint.reply("POST", "/moto-api/reset", names, "", b""))[0] == 403
        assert list(site.writer.model.all(Vpc)) == []
        assert (await site.endpoint.reply("GET", "/", {}, query, b""))[0] == 200

    run(tmp_path, story)


@pytest.mark.parametrize("method", ["DELETE", "PUT", "HEAD", "OPTIONS"])
def test_other_methods_do_nothing(tmp_path: Path, method: str) -> None:
    async def story(site: Site) -> None:
        names = {"authorization": SCOPE.format(key="atoll", region="us-east-1", service="ec2")}
        body = b"Action=CreateVpc&CidrBlock=10.0.0.0%2F16&Version=2016-11-15"
        assert refusal(await site.endpoint.reply(method, "/", names, "", body)) == (405, "MethodNotAllowed")
        assert list(site.writer.model.all(Vpc)) == []

    run(tmp_path, story)


def test_half_a_request_is_not_served(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        scope_header = SCOPE.format(key="atoll", region="us-east-1", service="ec2").encode()
        connection = {"type": "http", "method": "POST", "path": "/", "query_string": b""}
        messages: Iterator[dict[str, Any]] = iter(
            [
                {
                    "type": "http.request",
                    "body": b"Action=CreateVpc&CidrBlock=10.0.0.0/16&Version=2016-11-15",
                    "more_body": True,
                },
                {"type": "http.disconnect"},
            ]
        )
        sent: list[object] = []

        async def receive() -> dict[str, Any]:
            return next(messages)

        async def send(message: object) -> None:
            sent.append(message)

        await site.endpoint({**connection, "headers": [(b"authorization", scope_header)]}, receive, send)
        assert list(site.writer.model.all(Vpc)) == []
        assert sent == []

    run(tmp_path, story)


@pytest.mark.parametrize("action", ["DescribeVpcs", "CreateInternetGateway", "DescribeFlowLogs", "CreateVolume"])
def test_a_region_that_is_not_here_is_refused(tmp_path: Path, action: str) -> None:
    async def story(site: Site) -> None:
        assert refusal(await site.ask(Action=action, region="xx-mars-1")) == (400, "InvalidParameterValue")

    run(tmp_path, story)


def test_slow_work_is_done_off_the_loop_before_the_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    built = registry.OPERATIONS["ec2", "CreateKeyPair"]
    make = built.prepare
    assert make is not None

    def prepare(request: registry.Request) -> Mapping[str, Any]:
        threads.append(threading.get_ident())
        return make(request)

    monkeypatch.setitem(registry.OPERATIONS, ("ec2", "CreateKeyPair"), built._replace(prepare=prepare))

    async def story(site: Site) -> None:
        made = await site.ask(Action="CreateKeyPair", KeyName="mine")
        assert text(made, "keyMaterial").startswith("-----BEGIN RSA PRIVATE KEY-----")
        assert len(threads) == 1
        assert threading.get_ident() not in threads

    run(tmp_path, story)
