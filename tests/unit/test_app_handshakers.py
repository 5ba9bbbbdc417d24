"""Where hands are shaken: wherever the plan has frontends whose backends get a header, and nowhere else."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from atoll.agents.handshakes import Places
from atoll.agents.proxy_header import Place
from atoll.app import handshakers
from atoll.app.handshakers import Handshakers
from atoll.packet import TCP
from atoll.plan.rows import Address, Frontend, Row
from atoll.records import Delta, Table
from tests.unit.lagoon import VPC, lab, nlb, public, row

PLAIN = [*lab().records.values(), *nlb("a", "pub", "10.0.1.20", "10.0.2.8")]


class Site:
    """A plan that changes, and those who shake hands as they are made and ended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.plan = Table(PLAIN)
        self.here: dict[Path, Places] = {}
        self.closed: list[Path] = []
        monkeypatch.setattr(handshakers, "Handshaker", self._made)
        self.hands = Handshakers(self, self)

    def namespace(self, node: str) -> Path | None:
        return Path("/", node)

    def _made(self, namespace: Path, places: Places) -> "Hand":
        if namespace.name == "lb-broken":
            raise OSError("no packet sockets")
        return Hand(self, namespace, places)

    def put(self, *rows: Row, without: tuple[Row, ...] = ()) -> None:
        delta: Delta = {one.key: (self.plan.find(one.key), one) for one in rows}
        delta.update({one.key: (one, None) for one in without})
        self.plan.apply(delta)
        self.hands.follow(delta)


class Hand:
    """Somebody who would shake hands."""

    def __init__(self, site: Site, namespace: Path, places: Places) -> None:
        self.site, self.namespace = site, namespace
        self.places = places

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "places":
            assert isinstance(value, dict)
            self.site.here[self.namespace] = value

    def close(self) -> None:
        self.site.closed.append(self.namespace)
        del self.site.here[self.namespace]


def own(*ports: int, ip: str = "10.0.1.20") -> dict[Place, Place]:
    """These ports of an address of the node's."""
    return {(ip, port): (ip, port) for port in ports}


def test_they_come_and_go_with_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(monkeypatch)
    site.hands.start()
    assert site.here == {}
    front, node = row(site.plan, Frontend, "f-a"), Path("/lb-a")
    site.put(replace(front, header=True))
    assert site.here == {node: own(80)}
    site.put(Frontend(id="f-more", node="lb-a", protocol=TCP, port=443, header=True))
    site.put(Frontend(id="f-plain", node="lb-a", protocol=TCP, port=444))
    site.put(Address(domain=VPC, ip="10.0.1.21", port="eni-lb-a", primary=False))
    assert site.here == {node: own(80, 443) | own(80, 443, ip="10.0.1.21")}
    site.put(*public("10.0.1.20", "198.18.0.20"))
    of_public = {("198.18.0.20", port): ("10.0.1.20", port) for port in (80, 443)}
    assert site.here == {node: own(80, 443) | own(80, 443, ip="10.0.1.21") | of_public}, "whatever it comes to"
    assert site.closed == []
    site.put(replace(front, header=False), without=(row(site.plan, Frontend, "f-more"),))
    assert (site.here, site.closed) == ({}, [node])


def test_the_next_server_begins_where_the_plan_is_and_ends_all(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(monkeypatch)
    headed = [replace(one, header=True) for one in site.plan.all(Frontend)]
    site.plan.apply({one.key: (self_, one) for one in headed for self_ in (site.plan.find(one.key),)})
    site.hands.start()
    assert site.here == {Path("/lb-a"): own(80)}
    site.hands.close()
    assert site.here == {}


def test_where_none_can_be_made_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(monkeypatch)
    broken = [
        replace(one, header=True) if isinstance(one, Frontend) else one for one in nlb("broken", "pub", "10.0.1.30")
    ]
    site.put(*broken, replace(row(site.plan, Frontend, "f-a"), header=True))
    assert set(site.here) == {Path("/lb-a")}
    assert "nobody shakes hands for lb-broken" in caplog.text
