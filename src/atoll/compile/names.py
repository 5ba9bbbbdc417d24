"""DNS: where a VPC's resolver is, which names there are, and who is told what (facts 148-152).

Names are AWS's to give (`model/names.py`). A VPC's own are told to its ports alone; a public name is told to everybody,
with the public address to strangers and with the private one to those in the VPC.
"""

from collections.abc import Iterable

from atoll.compile.internet import AWS
from atoll.compile.passes import of
from atoll.model import names
from atoll.model.kinds import DhcpOptions, ElasticIp, Instance, NetworkInterface, Vpc
from atoll.model.names import PROVIDED
from atoll.model.regions import REGIONS
from atoll.packet import Prefix
from atoll.plan.rows import INTERNET, Lease, Name, NameType, Numbering, Resolver, Row, Zone
from atoll.plan.services import RESOLVER
from atoll.records import View

PRIVATE = tuple(map(Prefix.parse, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
"""RFC 1918: their names are told in every VPC of the region (fact 152)."""


def resolver(_view: View, vpc: Vpc) -> Iterable[Row]:
    """Its two addresses, the second of which is the third of the primary block (fact 148); and the private names."""
    for ip in (RESOLVER, own_resolver(vpc)):
        yield Resolver(domain=vpc.id, ip=ip, answers=vpc.dns_support, origin=(vpc.id,))
    if not vpc.named:
        return
    zone = names.private_zone(vpc.region)
    yield Zone(domain=vpc.id, name=zone, origin=(vpc.id,))
    own = (block.prefix for block in vpc.blocks if not any(one.covers(block.prefix) for one in PRIVATE))
    for prefix in dict.fromkeys((*PRIVATE, *own)):
        yield Numbering(domain=vpc.id, zone=zone, prefix=prefix, origin=(vpc.id,))


def own_resolver(vpc: Vpc) -> str:
    """Where the VPC's resolver is beside its link-local address."""
    return vpc.blocks[0].prefix.address(2)


def lease(view: View, vpc: Vpc) -> Iterable[Row]:
    """What the VPC's DHCP options tell guests (facts 153, 154): nothing where it has none. Servers of IPv4 alone."""
    options = view.get(DhcpOptions, vpc.dhcp_options)
    told = {one.name: one.values for one in options.options} if options is not None else {}
    servers = (own_resolver(vpc) if one == PROVIDED else one for one in told.get("domain-name-servers", ()))
    yield Lease(
        domain=vpc.id,
        servers=tuple(one for one in servers if ":" not in one),
        search=" ".join(" ".join(told.get("domain-name", ())).split()),
        origin=(vpc.id, *([options.id] if options is not None else [])),
    )


def resource_name(view: View, instance: Instance) -> Iterable[Row]:
    """The name made of an instance's id: an A record only if it was asked for (fact 150)."""
    vpc = view.get(Vpc, instance.vpc)
    primary = next((one for one in view.by(NetworkInterface, "instance", instance.id) if _is_primary(one)), None)
    if vpc is None or primary is None or not vpc.named:
        return
    name = names.resource_name(instance.region, instance.id)
    if instance.resource_name_dns_a:
        yield _name(vpc.id, name, NameType.A, primary.primary_ip, instance.id)
    if instance.hostname_type == "resource-name":
        yield _name(vpc.id, names.reverse_name(primary.primary_ip), NameType.PTR, name, instance.id)


def _is_primary(interface: NetworkInterface) -> bool:
    return interface.attachment is not None and interface.attachment.index == 0


def elastic(view: View, address: ElasticIp) -> Iterable[Row]:
    """An Elastic IP has a name while it is associated; and the reverse name that its owner has set, always."""
    interface = view.get(NetworkInterface, address.interface) if address.interface else None
    inside = address.private_ip if interface is not None else None
    yield from _public(view, interface, inside, address.public_ip, address.ptr, address.id)


def automatic(view: View, interface: NetworkInterface) -> Iterable[Row]:
    """The automatic public address."""
    if interface.public_ip is not None:
        yield from _public(view, interface, interface.primary_ip, interface.public_ip, None, interface.id)


def _public(
    view: View, interface: NetworkInterface | None, inside: str | None, outside: str, reverse: str | None, origin: str
) -> Iterable[Row]:
    vpc = view.get(Vpc, interface.vpc) if interface is not None else None
    if vpc is not None and vpc.named and inside is not None:
        name = names.public_name(vpc.region, outside)
        yield _name(INTERNET, name, NameType.A, outside, origin)
        yield _name(vpc.id, name, NameType.A, inside, origin)
        reverse = reverse or name
    if reverse is not None:
        plain = reverse.lower().removesuffix(".")
        yield _name(INTERNET, names.reverse_name(outside), NameType.PTR, plain, origin)


def _name(domain: str, name: str, kind: NameType, value: str, origin: str) -> Name:
    return Name(domain=domain, name=name, type=kind, value=value, origin=(origin,))


ENDPOINTS = ("arc-zonal-shift", "ec2", "elasticloadbalancing", "ssm", "sts")
"""The first word of the names at which a region's services are reached: of those that are served here."""

GLOBAL = ("iam", "sts")
"""The same of services that are no region's."""


def constants() -> Iterable[Row]:
    """The zones of public names, and the names of AWS's own services."""
    for region in REGIONS:
        yield Zone(domain=INTERNET, name=names.public_zone(region))
    regional = (f"{one}.{region}" for region in REGIONS for one in ENDPOINTS)
    for name in (*GLOBAL, *regional):
        yield Name(domain=INTERNET, name=f"{name}.amazonaws.com", type=NameType.A, value=AWS)


PASSES = (
    of(Vpc, resolver),
    of(Vpc, lease),
    of(Instance, resource_name),
    of(ElasticIp, elastic),
    of(NetworkInterface, automatic),
)
