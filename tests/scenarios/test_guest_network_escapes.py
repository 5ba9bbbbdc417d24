"""What an untrusted guest tries against the network, with and without root: it rules its own side alone."""

import socket

import pytest

from tests.scenarios.places import CANARY, CLIENT, OTHER
from tests.scenarios.untrusted import UDP_PORT, Ground, grounds

pytestmark = pytest.mark.kernel

__all__ = ["grounds"]

LISTEN = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", int(sys.argv[1])))
print("ready")
while True:
    print(s.recv(100).decode())
"""

SAY = """
import socket, sys
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(sys.argv[1].encode(), (sys.argv[2], int(sys.argv[3])))
"""

PACKETS = """
import socket, struct, sys
def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
def packet(source, target, protocol, content, options=b""):
    words = 5 + len(options) // 4
    head = struct.pack("!BBHHHBBH4s4s", 64 + words, 0, 4 * words + len(content), 1, 0, 64, protocol, 0, source, target)
    head += options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + content
def datagram(port, text):
    data = text + b"\\0" * (len(text) % 2)
    return struct.pack("!4H", port, port, 8 + len(data), 0) + data
def mac(text):
    return bytes.fromhex(text.replace(":", ""))
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(("eth0", 0))
def send(target_mac, source_mac, content):
    wire.send(target_mac + source_mac + b"\\x08\\x00" + content)
"""

FORGE = f"""{PACKETS}
own, gateway, forged_mac = map(mac, sys.argv[1:4])
forged, target = map(socket.inet_aton, sys.argv[4:6])
port = int(sys.argv[6])
for sender, text in ((own, b"forged ip"), (forged_mac, b"forged ip and mac")):
    send(gateway, sender, packet(forged, target, 17, datagram(port, text)))
"""
"""Frames with another's address, and with another's MAC as well: complete, so that they would be heard."""

TO_ROUTER = f"""{PACKETS}
heard = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
heard.bind(("eth0", 0x0800))
own_mac, gateway_mac = map(mac, sys.argv[1:3])
own, gateway, teller, bank = map(socket.inet_aton, sys.argv[3:7])
bank_ip, port, api, canary = sys.argv[6], *map(int, sys.argv[7:10])
def message(kind, code, rest):
    head = struct.pack("!BBH", kind, code, 0) + rest
    return head[:2] + struct.pack("!H", checksum(head)) + head[4:]
def opening(target, to):
    head = struct.pack("!HHIIBBHHH", 4000, to, 1, 0, 80, 2, 1000, 0, 0)
    false = own + target + struct.pack("!BBH", 0, 6, len(head))
    return head[:16] + struct.pack("!H", checksum(false + head)) + head[18:]
def source_route(kind, *hops):
    found = bytes([kind, 3 + 4 * len(hops), 4]) + b"".join(hops)
    return found + b"\\0" * (-len(found) % 4)
forged = packet(teller, bank, 17, datagram(port, b"unpacked"))
count = 0
def out(content):
    global count
    send(gateway_mac, own_mac, content)
    count += 1
places = [gateway, *map(socket.inet_aton, ("169.254.169.254", "169.254.169.253", "127.0.0.1", "224.0.0.5"))]
for place in [*places, b"\\xff" * 4]:
    out(packet(own, place, 1, message(8, 0, b"ping")))
    for to in (53, 67, port):
        out(packet(own, place, 17, datagram(to, b"router?")))
    for to in (22, 179, api):
        out(packet(own, place, 6, opening(place, to)))
    for tunnel in (4, 47, 50, 97):
        out(packet(own, place, tunnel, (b"\\0\\0\\x08\\0" if tunnel == 47 else b"") + forged))
    for sender in (gateway, bank, teller):
        out(packet(sender, place, 1, message(5, 1, own + forged[:28])))
    for kind in (131, 137):
        out(packet(teller, place, 17, datagram(port, b"source route"), source_route(kind, bank)))
for sender in (gateway, *places[1:4]):
    out(packet(sender, bank, 17, datagram(port, b"as the router")))
socket.create_connection((bank_ip, canary), 5).close()
answered = 0
while True:
    frame, where = heard.recvfrom(2000)
    if where[2] != socket.PACKET_OUTGOING:
        if frame[26:30] == bank:
            break
        answered += 1
print(count, "sent,", answered, "answered")
"""
"""What a router might answer, unpack, believe or pass on, from a raw socket; then a connection of the guest's own,
whose answer comes after all others."""

LIE = """
import socket, struct, sys
own = bytes.fromhex(sys.argv[1].replace(":", ""))
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
for victim in sys.argv[2:]:
    ip = socket.inet_aton(victim)
    for kind in (1, 2):
        body = struct.pack("!HHBBH6s4s6s4s", 1, 2048, 6, 4, kind, own, ip, b"\\xff" * 6, ip)
        for _ in range(3):
            s.send(b"\\xff" * 6 + own + b"\\x08\\x06" + body)
"""
"""Gratuitous ARP, requests and replies: these addresses are mine."""


def mac(grounds: Ground, instance: str) -> str:
    return grounds.sh("cat /sys/class/net/eth0/address", instance).out.strip()


def gateway_mac(grounds: Ground) -> str:
    grounds.sh(f"ping -c1 -W1 {gateway(grounds)}")
    return grounds.sh(f"ip neigh show {gateway(grounds)} | grep -o '..:..:..:..:..:..'").out.strip()


def gateway(grounds: Ground) -> str:
    return grounds.place.private_ip(grounds.mallory).rpartition(".")[0] + ".1"


def test_another_address_as_source_is_not_delivered(grounds: Ground) -> None:
    """The bank hears the teller, by its address. Mallory says that it is the teller, in three ways."""
    bank, teller = grounds.place.private_ip(grounds.bank), grounds.place.private_ip(grounds.teller)
    forged = (mac(grounds, grounds.mallory), gateway_mac(grounds), mac(grounds, grounds.teller), teller, bank)
    with grounds.running(grounds.bank, LISTEN, str(UDP_PORT)) as listening:
        assert grounds.python(FORGE, *forged, str(UDP_PORT)).status == 0
        assert grounds.python(SAY, "own ip", bank, str(UDP_PORT)).status == 0
        taken = f"ip addr add {teller}/32 dev lo; ip route replace {bank} via {gateway(grounds)} dev eth0 src {teller}"
        assert grounds.sh(taken).status == 0
        assert grounds.python(SAY, "taken ip", bank, str(UDP_PORT)).status == 0
        assert grounds.sh(f"ip addr del {teller}/32 dev lo; ip route flush {bank}").status == 0
        assert grounds.python(SAY, "canary", bank, str(UDP_PORT), instance=grounds.teller).status == 0
        assert listening.stdout is not None
        assert listening.stdout.readline() == "canary\n"


def test_the_forged_frames_are_good_ones(grounds: Ground) -> None:
    """With the teller's own hands they arrive: it is the address that they are refused for."""
    bank, teller = grounds.place.private_ip(grounds.bank), grounds.place.private_ip(grounds.teller)
    own = mac(grounds, grounds.teller)
    with grounds.running(grounds.bank, LISTEN, str(UDP_PORT)) as listening:
        said = grounds.python(
            FORGE, own, gateway_mac(grounds), own, teller, bank, str(UDP_PORT), instance=grounds.teller
        )
        assert said.status == 0
        assert listening.stdout is not None
        assert listening.stdout.readline().startswith("forged ip")


def test_a_router_answers_no_raw_packet_and_passes_none_on(grounds: Ground) -> None:
    """Pings, connections, tunnels, redirects, source routes and its own addresses; and it forwards as before."""
    place = grounds.place
    bank, teller = place.private_ip(grounds.bank), place.private_ip(grounds.teller)
    ips = (place.private_ip(grounds.mallory), gateway(grounds), teller, bank)
    macs, ports = (mac(grounds, grounds.mallory), gateway_mac(grounds)), (UDP_PORT, grounds.atoll.port, CANARY)
    with grounds.running(grounds.bank, LISTEN, str(UDP_PORT)) as listening:
        said = grounds.python(TO_ROUTER, *macs, *ips, *map(str, ports))
        assert (said.status, said.out) == (0, "100 sent, 0 answered\n"), said.err
        assert grounds.python(SAY, "canary", bank, str(UDP_PORT), instance=grounds.teller).status == 0
        assert listening.stdout is not None
        assert listening.stdout.readline() == "canary\n"


def test_lies_about_addresses_are_not_believed(grounds: Ground) -> None:
    """Who owns which address is known to the routers; they ask nobody and hear nobody."""
    place = grounds.place
    bank = place.private_ip(grounds.bank)
    assert grounds.sh(f"ip addr add {bank}/32 dev eth0").status == 0
    lies = (bank, gateway(grounds), place.private_ip(grounds.teller))
    assert grounds.python(LIE, mac(grounds, grounds.mallory), *lies).status == 0
    with place.talk(CLIENT, place.public_ip(grounds.bank)) as conversation:
        assert conversation.opening == "connected"
        assert conversation.say() == f"{CLIENT} {bank}"
    with place.talk(grounds.teller, bank, CANARY) as conversation:
        assert conversation.say() == f"{place.private_ip(grounds.teller)} {bank}"
    assert grounds.sh(f"ip addr del {bank}/32 dev eth0").status == 0


def test_a_guests_own_rules_and_routes_open_nothing(grounds: Ground) -> None:
    place = grounds.place
    bank, stranger = place.private_ip(grounds.bank), grounds.elsewhere.private_ip(grounds.stranger)
    script = f"""
        nft flush ruleset; nft add table inet mine
        nft 'add chain inet mine out {{ type filter hook output priority 0; }}'
        nft add rule inet mine out meta mark set 0xffffffff; nft add rule inet mine out ct mark set 0xffffffff
        sysctl -wq net.ipv4.conf.all.rp_filter=0 net.ipv4.ip_forward=1 net.ipv4.conf.all.accept_local=1
        ip link set eth0 mtu 1400; ip link set eth0 promisc on; ip link set eth0 alias other
        ip route replace {stranger} via {gateway(grounds)} dev eth0 onlink
        ip link add link eth0 name tagged type vlan id 5; ip link add dummy9 type dummy
        nft list ruleset"""
    assert "table inet mine" in grounds.sh(script).out
    try:
        assert place.denied(grounds.mallory, bank, 80, canary=(grounds.mallory, bank))
    finally:
        grounds.sh("nft flush ruleset; ip link set eth0 mtu 9001")
    assert place.opening(grounds.mallory, bank, UDP_PORT) == "silent"


def test_another_vpc_is_out_of_reach(grounds: Ground) -> None:
    """Both have the same block, so its address is a local one, and nobody's there."""
    public = grounds.elsewhere.public_ip(grounds.stranger)
    private = grounds.elsewhere.private_ip(grounds.stranger)
    assert private.startswith("10.0.9.")
    assert grounds.place.opening(grounds.mallory, private, CANARY) != "connected"
    assert grounds.place.opening(grounds.mallory, public, CANARY) != "connected"
    assert grounds.place.opening(OTHER, public, CANARY) == "connected"


def test_the_api_is_out_of_reach(grounds: Ground) -> None:
    """On no address that a guest can think of: its own loopback, its router, the link-local ones, the host's own."""
    port = grounds.atoll.port
    with socket.create_connection(("127.0.0.1", port), 5):
        pass
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(("192.0.2.1", 9))
        hosts = asking.getsockname()[0]
    addresses = ["127.0.0.1", "127.0.0.2", "0.0.0.0", gateway(grounds), "169.254.169.254", "169.254.169.253", hosts]
    addresses += ["198.18.0.1", CLIENT, "203.0.113.1"]
    program = """
import socket, sys
for ip in sys.argv[2:]:
    try:
        socket.create_connection((ip, int(sys.argv[1])), 0.5)
        print(ip)
    except OSError:
        pass
"""
    said = grounds.python(program, str(port), *addresses)
    assert (said.status, said.out) == (0, ""), said.err
    heard = grounds.python(program, str(CANARY), grounds.place.private_ip(grounds.bank))
    assert heard.out.strip() == grounds.place.private_ip(grounds.bank), "an open port would have been seen"


def test_a_guest_without_its_interface_harms_itself_alone(grounds: Ground) -> None:
    """Deleting its end of the pair deletes the router's; the network of the others and the calls go on."""
    place = grounds.place
    group = place.group("doomed")
    doomed = place.launch(group)
    assert grounds.sh("ip link delete eth0", doomed).status == 0
    with place.talk(CLIENT, place.public_ip(grounds.bank)) as conversation:
        assert conversation.opening == "connected"
    place.ec2.terminate_instances(InstanceIds=[doomed])
    place.ec2.get_waiter("instance_terminated").wait(InstanceIds=[doomed])
    place.ec2.delete_security_group(GroupId=group)
    assert place.opening(OTHER, place.public_ip(place.launch(place.group("after"))), CANARY) == "connected"
