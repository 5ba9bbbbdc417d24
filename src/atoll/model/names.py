"""The names that AWS gives to addresses and instances (facts 56, 74, 150), and ARNs."""

from atoll.model.entity import Entity

PROVIDED = "AmazonProvidedDNS"
"""What DHCP options say of the VPC's own resolver (fact 154)."""


def private_zone(region: str) -> str:
    """The domain of private names: us-east-1 keeps the one that it had before there were other regions."""
    return "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"


def private_name(region: str, ip: str) -> str:
    """Of a private address: ip-10-0-0-5.ec2.internal."""
    return f"ip-{ip.replace('.', '-')}.{private_zone(region)}"


def resource_name(region: str, instance: str) -> str:
    """Of an instance by its id: i-0123456789abcdef0.ec2.internal."""
    return f"{instance}.{private_zone(region)}"


def public_zone(region: str) -> str:
    """The domain of public names."""
    domain = "compute-1" if region == "us-east-1" else f"{region}.compute"
    return f"{domain}.amazonaws.com"


def public_name(region: str, ip: str) -> str:
    """Of a public address: ec2-198-18-0-7.compute-1.amazonaws.com."""
    return f"ec2-{ip.replace('.', '-')}.{public_zone(region)}"


def reverse_name(ip: str) -> str:
    """Under which the name of an address is asked for: 5.0.0.10.in-addr.arpa."""
    return f"{'.'.join(reversed(ip.split('.')))}.in-addr.arpa"


def arn(entity: Entity, id: str) -> str:  # noqa: A002 - AWS's word
    """The Amazon Resource Name; our names of kinds are AWS's names of resource types."""
    return f"arn:aws:ec2:{entity.region}:{entity.account}:{entity.KIND}/{id}"
