"""Paths that are to be analysed for reachability (facts 214, 216)."""

from collections.abc import Iterable, Mapping
from typing import Any

from atoll.model.kinds import InsightsAnalysis, InsightsPath, PathFilter
from atoll.model.tx import Tx
from atoll.protocol import AwsError
from atoll.services.ec2.checks import arn, invalid, missing, refuse_members, wire
from atoll.services.ec2.describe import Filters, candidates, describe
from atoll.services.ec2.insights_ends import address, end_arn, end_of_path, port, ports
from atoll.services.ec2.lookup import need
from atoll.services.ec2.tags import on_creation, tags_of
from atoll.services.registry import Request, Response, operation

PROTOCOLS = ("tcp", "udp")
MOST = 100
"""Paths and analyses on one page (botocore)."""

EXCLUDED = {"FilterAtSource": ("SourceIp", "DestinationPort"), "FilterAtDestination": ("DestinationIp",)}
"""What a filter says instead (CreateNetworkInsightsPath's reference)."""


@operation(
    "CreateNetworkInsightsPath",
    "SourceIp DestinationIp Source Destination Protocol DestinationPort TagSpecifications ClientToken FilterAtSource "
    "FilterAtDestination",
)
def create_network_insights_path(tx: Tx, request: Request) -> Response:
    """A path between things that exist; nothing is analysed yet."""
    for name in ("Source", "Protocol"):
        if not request.get(name):
            raise missing(wire(name))
    protocol = str(request["Protocol"]).lower()
    if protocol not in PROTOCOLS:
        raise invalid(request["Protocol"], "protocol", "Expecting tcp or udp.")
    for name, others in EXCLUDED.items():
        for other in others:
            if request.get(name) is not None and request.get(other) is not None:
                raise AwsError(
                    "InvalidParameterCombination",
                    f"The parameter {wire(other)} cannot be used with the parameter {wire(name)}",
                )
    at_source, at_destination = (_filter(request, name) for name in EXCLUDED)
    source = end_of_path(tx, request["Source"], "Source")
    destination = end_of_path(tx, request["Destination"], "Destination") if request.get("Destination") else None
    if destination is None and not request.get("DestinationIp") and not (at_source and at_source.destination):
        raise missing("destination")
    if destination == source:
        raise invalid(destination, "destination", "The source and the destination of a path are different resources.")
    if tx.count(InsightsPath, "home", tx.home) >= tx.limit("insights-paths-per-region"):
        raise AwsError("NetworkInsightsPath.LimitExceeded", "The maximum number of network insights paths is reached.")
    path = InsightsPath(
        home=tx.home,
        id=tx.new_id("nip"),
        tags=on_creation(tx, request, "network-insights-path"),
        source=source,
        destination=destination,
        source_ip=_ip(request, "SourceIp"),
        destination_ip=_ip(request, "DestinationIp"),
        protocol=protocol,
        destination_port=_port(request),
        at_source=at_source,
        at_destination=at_destination,
        created=tx.time,
    )
    tx.put(path)
    return {"NetworkInsightsPath": shown(tx, path)}


def _ip(request: Request, name: str) -> str | None:
    return address(request[name], wire(name)) if request.get(name) is not None else None


def _port(request: Request) -> int | None:
    number = request.get("DestinationPort")
    return None if number is None else port(number, "destinationPort")


def _filter(request: Request, name: str) -> PathFilter | None:
    given = request.get(name)
    if given is None:
        return None
    where = wire(name)
    refuse_members(given, ("SourceAddress", "SourcePortRange", "DestinationAddress", "DestinationPortRange"), where)
    if not any(value is not None for value in given.values()):
        raise invalid("", where, "Name an address or a range of ports.")
    return PathFilter(
        source=_address_in(given, "SourceAddress", where),
        source_ports=_ports_in(given, "SourcePortRange", where),
        destination=_address_in(given, "DestinationAddress", where),
        destination_ports=_ports_in(given, "DestinationPortRange", where),
    )


def _address_in(given: Mapping[str, Any], name: str, where: str) -> str | None:
    return address(given[name], f"{where}.{wire(name)}") if given.get(name) is not None else None


def _ports_in(given: Mapping[str, Any], name: str, where: str) -> tuple[int, int] | None:
    return ports(given[name], f"{where}.{wire(name)}") if given.get(name) is not None else None


@operation("DeleteNetworkInsightsPath", "NetworkInsightsPathId")
def delete_network_insights_path(tx: Tx, request: Request) -> Response:
    """Its analyses must be deleted first (fact 216)."""
    path = need(tx, InsightsPath, request["NetworkInsightsPathId"])
    if tx.count(InsightsAnalysis, "path", path.id):
        raise AwsError(
            "AnalysisExistsForNetworkInsightsPath",
            f"The network insights path '{path.id}' has analyses. Delete them before the path.",
        )
    tx.delete(path)
    return {"NetworkInsightsPathId": path.id}


def _at(end: str, member: str) -> Any:
    """A filter about one member of a path's filter at one end."""

    def values(_tx: Tx, path: InsightsPath) -> Iterable[str]:
        found: PathFilter | None = getattr(path, end)
        value = getattr(found, member) if found is not None else None
        if value is None:
            return ()
        return [value] if isinstance(value, str) else [f"{value[0]}-{value[1]}"]

    return values


FILTERS: Filters[InsightsPath] = {
    "destination": lambda _tx, path: [path.destination] if path.destination else (),
    "protocol": lambda _tx, path: [path.protocol],
    "source": lambda _tx, path: [path.source],
    **{
        f"filter-{end.replace('_', '-')}.{name}": _at(end, member)
        for end in ("at_source", "at_destination")
        for name, member in (
            ("source-address", "source"),
            ("source-port-range", "source_ports"),
            ("destination-address", "destination"),
            ("destination-port-range", "destination_ports"),
        )
    },
}


@operation("DescribeNetworkInsightsPaths", "NetworkInsightsPathIds Filters MaxResults NextToken")
def describe_network_insights_paths(tx: Tx, request: Request) -> Response:
    """The paths of this region."""
    found = candidates(tx, InsightsPath, request, "NetworkInsightsPathIds")
    return describe(tx, request, found, FILTERS, "NetworkInsightsPaths", shown, least=1, most=MOST)


def shown(_tx: Tx, path: InsightsPath) -> dict[str, Any]:
    """As Describe shows it."""
    return {
        "NetworkInsightsPathId": path.id,
        "NetworkInsightsPathArn": arn(path, path.id),
        "CreatedDate": path.created,
        "Source": path.source,
        "Destination": path.destination,
        "SourceArn": end_arn(path, path.source),
        "DestinationArn": end_arn(path, path.destination) if path.destination else None,
        "SourceIp": path.source_ip,
        "DestinationIp": path.destination_ip,
        "Protocol": path.protocol,
        "DestinationPort": path.destination_port,
        "Tags": tags_of(path),
        "FilterAtSource": _shown_filter(path.at_source),
        "FilterAtDestination": _shown_filter(path.at_destination),
    }


def _shown_filter(found: PathFilter | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "SourceAddress": found.source,
        "SourcePortRange": _shown_ports(found.source_ports),
        "DestinationAddress": found.destination,
        "DestinationPortRange": _shown_ports(found.destination_ports),
    }


def _shown_ports(found: tuple[int, int] | None) -> dict[str, int] | None:
    return None if found is None else {"FromPort": found[0], "ToPort": found[1]}
