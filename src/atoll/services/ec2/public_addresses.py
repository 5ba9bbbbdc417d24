"""The public pool, and the automatic public addresses that instances get from it (facts 71-73)."""

from msgspec.structs import replace

from atoll.model.kinds import ElasticIp, Instance, NetworkInterface, PrivateAddress, PublicAddress
from atoll.model.machines import POWERED
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.registry import Request


def take(tx: Tx, holder: str) -> str:
    """A free address of the pool for `holder`, chosen at random, as Amazon's pool gives them.

    Costs one look-up while the pool is mostly free. InsufficientAddressCapacity when it is empty.
    """
    pool = tx.settings.public_pool
    usable = pool.size - 2  # neither the network's own address nor the broadcast address
    start = tx.pick(usable)
    for step in range(usable):
        ip = pool.address(1 + (start + step) % usable)
        if tx.get(PublicAddress, ip) is None:
            tx.put(PublicAddress(home=tx.home, ip=ip, holder=holder))
            return ip
    raise AwsError("InsufficientAddressCapacity", f"The public pool {pool} has no free address left.")


def give_back(tx: Tx, ip: str) -> None:
    """The address is free again."""
    held = tx.get(PublicAddress, ip)
    if held is not None:
        tx.delete(held)


def elastic_ip_of(tx: Tx, interface: str, ip: str) -> ElasticIp | None:
    """The Elastic IP on a private address of an ENI."""
    return tx.only(ElasticIp, "bound", f"{interface}/{ip}")


def release(tx: Tx, interface: NetworkInterface) -> NetworkInterface:
    """The ENI without its automatic public address."""
    if interface.public_ip is None:
        return interface
    give_back(tx, interface.public_ip)
    bare = replace(interface, public_ip=None)
    tx.put(bare)
    return bare


def grant(tx: Tx, interface: NetworkInterface) -> NetworkInterface:
    """The ENI with an automatic public address, if it is to have one now; else as it is.

    It is to have one when it wants one, is the primary ENI of an instance that has power, and has no Elastic IP on
    any of its addresses; and when no other ENI is attached to the instance (fact 72).
    """
    attachment = interface.attachment
    if not interface.wants_public_ip or interface.public_ip is not None or attachment is None or attachment.index != 0:
        return interface
    instance = tx.get(Instance, attachment.instance)
    if instance is None or instance.state not in POWERED:
        return interface
    if tx.count(NetworkInterface, "instance", instance.id) > 1 or tx.count(ElasticIp, "interface", interface.id):
        return interface
    public = replace(interface, public_ip=take(tx, interface.id))
    tx.put(public)
    return public


def addresses_of(tx: Tx, interface: str) -> list[PrivateAddress]:
    """An ENI's private addresses, the primary first, then in the order in which it got them; those of blocks apart."""
    own = [address for address in tx.by(PrivateAddress, "interface", interface) if not address.prefix]
    return sorted(own, key=lambda address: address.slot)


def by_id(request: Request, parameter: str, words: str, doing: str) -> str:
    """The id by which a call must name an Elastic IP; its public address did in EC2-Classic alone."""
    if request.get("PublicIp") and request.get(parameter):
        raise AwsError("InvalidParameterCombination", f"You may specify public IP or {words}, but not both.")
    if request.get("PublicIp"):
        raise AwsError("InvalidParameterValue", f"You must specify an {words} when {doing}")
    if not request.get(parameter):
        raise AwsError("MissingParameter", f"Either public IP or {words} must be specified")
    named: str = request[parameter]
    return named
