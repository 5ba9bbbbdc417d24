"""What can become of a packet: a closed list, shared by walk, analyzer, traces and tests."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a packet got no farther; DELIVERED when it got there."""

    DELIVERED = "delivered"
    NO_POWER = "no power"  # law 7: the node or its site is down, or nothing is attached
    SPOOFED = "source check"  # guard: the source is none of the port's own addresses
    NOT_MINE = "destination check"  # guard: the destination is none of the port's own addresses
    NO_ROUTE = "no route"
    BLACKHOLE = "blackhole"
    NO_SUCH_ADDRESS = "no such address"
    NO_PUBLIC_ADDRESS = "no public address"  # a mapped link, and the inside has no mapping
    REFUSED_BY_LINK = "refused by the gateway"  # private or shared addresses at an internet gateway
    REFUSED_BY_TRANSLATOR = "refused by the NAT gateway"  # nobody inside has opened it, or it is none of its business
    REFUSED_BY_BALANCER = "refused by the load balancer"  # no listener, no target, or a connection it does not know
    SENDER_RULES = "security group, outbound"
    RECEIVER_RULES = "security group, inbound"
    FENCE_OUT = "network ACL, outbound"
    FENCE_IN = "network ACL, inbound"
    LOOP = "loop"
