"""Database ports that the internet reaches."""

from collections.abc import Iterator

from atoll.analyze.internet import ANYONE
from atoll.analyze.reach import Outcome
from atoll.analyze.reach.flows import BLOCK, Box, asking
from atoll.analyze.reach.spans import joined, size
from atoll.model.kinds import NetworkInterface
from atoll.packet import TCP, UDP
from atoll.review.checks.design import Design
from atoll.review.checks.finding import Finding, Severity

KIND = "open-database"

Hit = tuple[Outcome, Box]
"""Flows that arrive at such a port, and what becomes of all that they are part of."""

DATABASES = {
    1433: "SQL Server",
    1521: "Oracle",
    3306: "MySQL",
    5432: "PostgreSQL",
    5439: "Redshift",
    6379: "Redis",
    9042: "Cassandra",
    9200: "OpenSearch",
    11211: "memcached",
    27017: "MongoDB",
}
"""What listens there by its makers' default."""


def find(design: Design) -> Iterator[Finding]:
    """One finding an ENI: what arrives there at one of these ports, by whatever address and port it was asked for."""
    for interface in filter(design.here, design.interfaces):
        hits = {port: found for port in DATABASES if (found := _reaching(design, interface, port))}
        if hits:
            yield _finding(design, interface, hits)


def _reaching(design: Design, interface: NetworkInterface, port: int) -> list[Hit]:
    wanted = joined(tuple(((one << BLOCK) + port, (one << BLOCK) + port) for one in (TCP, UDP)))
    found = (outcome for outcome in design.survey.of(ANYONE) if outcome.at == interface.id)
    return [(outcome, box) for outcome in found for box in asking(outcome.flows, outcome.seen, wanted)]


def _finding(design: Design, interface: NetworkInterface, hits: dict[int, list[Hit]]) -> Finding:
    every = [hit for found in hits.values() for hit in found]
    answered = [hit for hit in every if hit[0].answered]
    worst = max((box for _, box in answered or every), key=lambda box: size(box.source))
    everybody = worst.source == design.survey.internet
    ports = ", ".join(f"{port} ({DATABASES[port]})" for port in hits)
    sources = "the internet" if everybody else f"the internet's {design.sources(worst)}"
    lost = "" if answered else "; its answers are lost"
    return design.shown(
        KIND,
        Severity.HIGH if everybody and answered else Severity.MEDIUM,
        interface.id,
        f"{sources} reaches port {ports} of {design.label(interface.id)}{lost}",
        "let it in from the group of the servers that use it, and give it no public address",
        ANYONE,
        worst,
    )
