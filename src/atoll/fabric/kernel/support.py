"""What this fabric does not build is refused with the reason, before anything changes."""

from atoll.fabric.contract import FabricError
from atoll.fabric.kernel import names
from atoll.packet import ip_number
from atoll.plan.rows import Address, Backend, Domain, DomainKind, Filter, Frontend, Mapping, Masquerade, Segment
from atoll.records import Delta, Record


def refuse_unsupported(delta: Delta) -> None:
    """FabricError for the first row that asks for something that packets here would not obey."""
    for _, new in delta.values():
        reason = _reason(new)
        if reason and new:
            raise FabricError(f"{'/'.join(new.key)}: {reason}")


def _reason(row: Record | None) -> str | None:
    match row:
        case Address(ip=ip) | Mapping(inside=ip) if ip_number(ip)[0] != 4:
            return "the kernel fabric carries IPv4 only"
        case Segment(prefix=prefix) if prefix.family != 4:
            return "the kernel fabric carries IPv4 only"
        case Frontend(protocol=protocol) if protocol not in names.BALANCED_IDLE:
            return "the kernel fabric balances TCP and UDP only"
        case Backend(address=ip) if ip_number(ip)[0] != 4:
            return "the kernel fabric carries IPv4 only"
        case Masquerade(idle=idle) if idle != names.IDLE:
            return f"the kernel fabric forgets connections after {names.IDLE} seconds"
        case Domain(kind=DomainKind.INTERNET, id=name) if name != "internet":
            return "there is one internet"
        case Filter(domain="internet"):
            return "nothing is filtered on the internet"
    return None
