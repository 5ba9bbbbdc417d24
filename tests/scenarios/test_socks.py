"""The SOCKS proxy: a browser's way to public addresses, and to nothing else."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.building import PAGE, USER_DATA, described, instance, network, page
from tests.scenarios.running import Atoll, free_port

pytestmark = pytest.mark.kernel

ACCOUNT = "555500005555"
NAME = "socks-web"
TIMED_OUT, NOT_CONNECTED = 28, 97  # curl's exit statuses


@pytest.fixture(scope="module")
def web(atoll: Atoll) -> Iterator[dict[str, str]]:
    """A web server that answers, as DescribeInstances has it."""
    ec2 = atoll.ec2(ACCOUNT)
    place = network(ec2)
    ec2.modify_vpc_attribute(VpcId=place.vpc, EnableDnsHostnames={"Value": True})
    made = instance(ec2, place, NAME, USER_DATA)
    found = described(ec2, made)
    assert page(atoll, found["PublicIpAddress"], patient=True) == PAGE
    yield found
    ec2.terminate_instances(InstanceIds=[made])


def proxy(atoll: Atoll) -> str | None:
    found = json.loads(atoll.run("status", "--json").out)["socks"]
    assert found is None or isinstance(found, str)
    return found


def curl(atoll: Atoll, url: str, *options: str) -> tuple[int, str]:
    """curl's exit status, and what it printed."""
    said = atoll.command("curl", "-sS", "--max-time", "4", "--proxy", str(proxy(atoll)), *options, url)
    return said.status, (said.out + said.err).strip()


def test_the_page_is_there_through_the_proxy_and_not_without(atoll: Atoll, web: dict[str, str]) -> None:
    url = f"http://{web['PublicIpAddress']}/"
    assert curl(atoll, url) == (0, PAGE)
    log = atoll.run("exec", f"tag:Name={NAME}", "--", "tail", "-n1", "/var/log/httpd/access_log").out
    assert log.startswith("203.0.113.10 ")
    # Where somebody answers for every address (a transparent proxy), it is not with this page.
    assert PAGE not in atoll.command("curl", "-sS", "--max-time", "2", "--noproxy", "*", url).out


def test_the_public_name_leads_there(atoll: Atoll, web: dict[str, str]) -> None:
    name = web["PublicDnsName"]
    for written in (name, name.upper()):
        assert curl(atoll, f"http://{written}/") == (0, PAGE)
    assert curl(atoll, f"http://{name.replace('compute-1', 'mars-1.compute')}/")[0] == NOT_CONNECTED


def test_groups_are_obeyed(atoll: Atoll, web: dict[str, str]) -> None:
    """Port 80 is open to the world, 81 is not: silence."""
    assert curl(atoll, f"http://{web['PublicIpAddress']}:81/")[0] == TIMED_OUT
    assert curl(atoll, f"http://{web['PublicIpAddress']}/") == (0, PAGE)


def test_a_refusal_is_told(atoll: Atoll) -> None:
    assert curl(atoll, "http://203.0.113.20:9/") == (
        NOT_CONNECTED,
        "curl: (97) Can't complete SOCKS5 connection to 203.0.113.20. (5)",
    )


def test_it_leads_nowhere_else(atoll: Atoll, web: dict[str, str]) -> None:
    """Not to the API, which is on the loopback of the very host that it connects from, nor out of Atoll's internet."""
    assert atoll.run("run", "--", "curl", "-sS", f"{atoll.endpoint}/_atoll/health").status == 0
    socks_port = str(proxy(atoll)).rpartition(":")[2]
    for target in (
        f"127.0.0.1:{atoll.port}",
        f"127.0.0.2:{atoll.port}",
        f"0.0.0.0:{atoll.port}",
        f"127.0.0.1:{socks_port}",
        web["PrivateIpAddress"],
        "169.254.169.254",
        "8.8.8.8",
        "224.0.0.1",
        "255.255.255.255",
    ):
        assert curl(atoll, f"http://{target}/_atoll/health") == (
            NOT_CONNECTED,
            f"curl: (97) Can't complete SOCKS5 connection to {target.partition(':')[0]}. (2)",
        ), target
    for name, code in ((f"localhost:{atoll.port}", 4), ("example.com", 4), ("metadata", 4)):
        # curl answers for localhost itself and sends an address.
        seen = curl(atoll, f"http://{name}/")
        assert seen[0] == NOT_CONNECTED, name
        assert seen[1].endswith((f"({code})", "(2)")), seen
    for address in (f"[::1]:{atoll.port}", f"[::ffff:127.0.0.1]:{atoll.port}", "[::ffff:203.0.113.20]:9"):
        assert curl(atoll, f"http://{address}/")[0] == NOT_CONNECTED
    own = curl(atoll, f"http://203.0.113.10:{atoll.port}/_atoll/health")
    assert own[1].endswith("(5)"), "refused: on the host's own address nobody listens"
    assert curl(atoll, f"http://{web['PublicIpAddress']}/") == (0, PAGE)


@pytest.mark.parametrize(
    "name",
    [
        b"localhost",
        b"127.0.0.1",
        b"ip6-localhost",
        b"0",
        b"127.1",
        b"0x7f.1",
        b"2130706433",
        b"ec2-127-0-0-1.compute-1.amazonaws.com",
    ],
)
def test_a_name_that_means_loopback_to_others_leads_nowhere(atoll: Atoll, name: bytes) -> None:
    """Sent as a name, which curl would not do."""
    host, _, port = str(proxy(atoll)).removeprefix("socks5h://").partition(":")
    with socket.create_connection((host, int(port)), 5) as client:
        request = b"\x05\x01\x00\x03" + bytes((len(name),)) + name + atoll.port.to_bytes(2, "big")
        client.sendall(b"\x05\x01\x00" + request)
        heard = b""
        while more := client.recv(100):
            heard += more
    assert heard[:3] == b"\x05\x00\x05"
    assert heard[3] in (2, 4)


def test_what_a_web_page_can_send_gets_no_answer(atoll: Atoll) -> None:
    port = str(proxy(atoll)).rpartition(":")[2]
    said = atoll.command("curl", "-sS", "--max-time", "4", "-d", "\x05\x01", f"http://127.0.0.1:{port}/")
    assert said.status in (52, 56)
    assert said.out == ""


def test_it_listens_on_the_hosts_loopback_alone(atoll: Atoll) -> None:
    port = int(str(proxy(atoll)).rpartition(":")[2])
    tables = [Path(f"/proc/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    bound = [line.split()[1] for lines in tables for line in lines if line.split()[3] == "0A"]
    assert [address for address in bound if address.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]


def test_up_and_status_say_where_it_is(own_atoll: Atoll) -> None:
    port = free_port()
    line = f"Its internet, for a browser or curl --proxy: socks5h://127.0.0.1:{port}"
    assert line in own_atoll.up("--socks-port", str(port)).out.splitlines()
    assert line in own_atoll.run("status").out.splitlines()
    assert proxy(own_atoll) == f"socks5h://127.0.0.1:{port}"
    same = own_atoll.run("up", "--port", str(own_atoll.port), "--socks-port", str(port))
    assert same.status == 0
    other = own_atoll.run("up", "--port", str(own_atoll.port), "--socks-port", "0")
    assert other.status == 1
    assert "Stop it first: atoll down" in other.err


def test_none_is_none(own_atoll: Atoll) -> None:
    assert "socks" not in own_atoll.up("--socks-port", "0").out
    assert "socks" not in own_atoll.run("status").out
    assert proxy(own_atoll) is None


def test_without_a_network_there_is_none(records: Atoll) -> None:
    assert proxy(records) is None


def test_a_taken_port_is_refused_if_asked_for_and_else_left(own_atoll: Atoll) -> None:
    own_atoll.port = free_port() % 20_000 + 20_000
    own_atoll.endpoint = f"http://127.0.0.1:{own_atoll.port}"
    with socket.create_server(("127.0.0.1", own_atoll.port + 10_000)) as taken:
        port = taken.getsockname()[1]
        said = own_atoll.run("up", "--port", str(own_atoll.port), "--socks-port", str(port))
        assert said.status == 1
        assert f"127.0.0.1:{port} cannot be listened on" in said.err
        assert "--socks-port N" in said.err
        own_atoll.up()
        assert proxy(own_atoll) not in (None, f"socks5h://127.0.0.1:{port}")
        assert curl(own_atoll, "http://203.0.113.20:9/")[1].endswith("(5)")
    own_atoll.down()
    own_atoll.up()
    assert proxy(own_atoll) == f"socks5h://127.0.0.1:{port}"


def test_two_atolls_side_by_side_have_one_each(atoll: Atoll, web: dict[str, str], own_atoll: Atoll) -> None:
    own_atoll.up()
    assert proxy(atoll) != proxy(own_atoll)
    assert curl(atoll, f"http://{web['PublicIpAddress']}/") == (0, PAGE)
    assert curl(own_atoll, f"http://{web['PublicIpAddress']}/")[0] == TIMED_OUT
