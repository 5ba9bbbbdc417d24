"""atoll run: a program of the user's own, unmodified, on Atoll's internet and with the API."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.building import PAGE, USER_DATA, instance, network, page
from tests.scenarios.newcomers import AS_ROOT
from tests.scenarios.pages import Shell, shows_what_it_says
from tests.scenarios.running import REPO, Atoll, Said
from tests.scenarios.terminal import DEADLINE, on_terminal

pytestmark = pytest.mark.kernel

ACCOUNT = "444400004444"
NAME = "run-web"

SCRIPT = """
import sys, urllib.request
import boto3

ec2 = boto3.client("ec2", endpoint_url=sys.argv[1])
found = ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": [sys.argv[2]]}])
address = found["Reservations"][0]["Instances"][0]["PublicIpAddress"]
print(address, flush=True)
print(urllib.request.urlopen(f"http://{address}/", timeout=4).read().decode().strip())
"""
"""What a user's test does, without a word about Atoll."""


@pytest.fixture(scope="module")
def web(atoll: Atoll) -> Iterator[str]:
    """The Elastic IP of a web server that answers."""
    ec2 = atoll.ec2(ACCOUNT)
    made = instance(ec2, network(ec2), NAME, USER_DATA)
    address = ec2.allocate_address(Domain="vpc")
    ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=made)
    assert page(atoll, address["PublicIp"], patient=True) == PAGE
    yield address["PublicIp"]
    ec2.terminate_instances(InstanceIds=[made])
    ec2.release_address(AllocationId=address["AllocationId"])


def client(atoll: Atoll) -> dict[str, str]:
    """What a user has set already: the account."""
    return {"AWS_ACCESS_KEY_ID": ACCOUNT}


def test_an_unmodified_script_passes_and_does_not_without(atoll: Atoll, web: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = (sys.executable, str(script), atoll.endpoint, NAME)
    assert atoll.run("run", "--", *command, extra=client(atoll)) == Said(0, f"{web}\n{PAGE}\n", "")
    set_up = {**client(atoll), "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": "us-east-1"}
    without = atoll.command(*command, extra=set_up)
    assert without.status == 1
    assert without.out == f"{web}\n", "the API answers, the address does not"
    assert "urllib.error" in without.err or "TimeoutError" in without.err


def test_the_environment_points_clients_here_unless_the_user_says_otherwise(atoll: Atoll, web: str) -> None:
    ask = (
        "aws",
        "ec2",
        "describe-instances",
        "--query",
        "Reservations[].Instances[].PublicIpAddress",
        "--output",
        "text",
    )
    assert atoll.run("run", "--", *ask, extra=client(atoll)) == Said(0, f"{web}\n", "")
    nowhere = {**client(atoll), "AWS_ENDPOINT_URL_EC2": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    assert "127.0.0.1:9" in atoll.run("run", "--", *ask, extra=nowhere).err


def test_a_proxy_of_the_users_is_not_in_the_way(atoll: Atoll, web: str) -> None:
    extra = {"http_proxy": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"}
    assert atoll.run("run", "--", "curl", "-sS", f"http://{web}/", extra=extra) == Said(0, f"{PAGE}\n", "")
    assert atoll.run("internet", "--", "curl", "-sS", f"http://{web}/", extra=extra).status != 0


def test_what_the_server_sees_is_the_chosen_host(atoll: Atoll, web: str) -> None:
    assert atoll.run("run", "--from", "203.0.113.66", "--", "curl", "-sS", f"http://{web}/").out == f"{PAGE}\n"
    log = atoll.run("exec", f"tag:Name={NAME}", "--", "tail", "-n1", "/var/log/httpd/access_log").out
    assert log.startswith("203.0.113.66 ")


ASPECTS = """
readlink /proc/self/ns/pid /proc/self/ns/user /proc/self/ns/uts /proc/self/ns/ipc /proc/self/ns/cgroup
pwd; id; umask; ulimit -a; tty
grep -E '^(Sig|Shd|Cap|Groups|NoNewPrivs|Seccomp:)' /proc/self/status
ls /proc/self/fd
sha256sum "$0"
"""


OF_A_USER_NAMESPACE = re.compile(r"^(user:|CapBnd:).*\n", re.MULTILINE)
"""An ordinary user enters a network only through the user namespace that it belongs to (docs/reaching.md)."""


def test_only_the_network_is_another(atoll: Atoll, tmp_path: Path) -> None:
    script = tmp_path / "aspects"
    script.write_text(ASPECTS)
    outside, there = (atoll.command(*words, "sh", str(script)) for words in ((), ("atoll", "run", "--")))
    assert outside.status == 0
    if AS_ROOT:
        assert there == outside
    else:
        assert there.out.count("\n") == outside.out.count("\n")
        assert OF_A_USER_NAMESPACE.sub("", there.out) == OF_A_USER_NAMESPACE.sub("", outside.out)
    networks = [
        run("readlink", "/proc/self/ns/net").out for run in (atoll.command, lambda *c: atoll.run("run", "--", *c))
    ]
    assert networks[0] != networks[1]


def test_files_are_the_users_own_to_write(atoll: Atoll, tmp_path: Path) -> None:
    atoll.run("run", "--", "sh", "-c", f"echo kept > {tmp_path}/note")
    assert (tmp_path / "note").read_text() == "kept\n"


def test_exit_status_input_and_streams_are_the_programs(atoll: Atoll) -> None:
    assert atoll.run("run", "--", "sh", "-c", "cat; echo no >&2; exit 7", stdin="in\n") == Said(7, "in\n", "no\n")
    assert atoll.run("run", "--", "echo", "--from", "--state", "-x").out == "--from --state -x\n"


def test_a_program_that_cannot_be_run_is_said_as_a_shell_says_it(atoll: Atoll, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    paths = {"PATH": f"{atoll.environment['PATH']}:{closed}"}
    missing = atoll.run("run", "--", "no-such-command", extra=paths)
    assert (missing.status, missing.err) == (127, "atoll: no-such-command: No such file or directory\n")
    assert atoll.run("run", "--", str(tmp_path)).status == 126


def test_a_program_that_dies_of_a_signal_dies_of_it_for_its_caller(atoll: Atoll) -> None:
    assert atoll.run("run", "--", "sh", "-c", "kill -TERM $$").status == -signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGKILL], ids=lambda number: number.name)
def test_signals_reach_the_program(atoll: Atoll, number: signal.Signals) -> None:
    with subprocess.Popen(
        ["atoll", "run", "--", "sh", "-c", "echo started; exec sleep 1000"],
        env=atoll.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.send_signal(number)
        assert process.wait(DEADLINE) == -number


def test_a_terminal_is_the_programs_own_with_interrupts_and_jobs(atoll: Atoll) -> None:
    with on_terminal(atoll, "atoll", "run", "--", "bash", "--norc", "--noprofile", "-i") as terminal:
        terminal.type("tty; echo he''re\n")
        terminal.until("here")
        assert "/dev/" in terminal.shown
        terminal.type("sh -c 'echo star\"\"ted; exec sleep 1000'\n")
        terminal.until("started")
        terminal.type("\x1a")
        terminal.until("Stopped")
        terminal.type("kill %1; wait; sh -c 'echo ag\"\"ain; exec sleep 1000'\n")
        terminal.until("again")
        terminal.type("\x03")
        terminal.until("^C")
        terminal.type("\necho a''live; exit 4\n")
        terminal.until("alive")
        assert terminal.process.wait(DEADLINE) == 4


def test_the_api_is_on_the_hosts_loopback_and_no_instance_reaches_it(atoll: Atoll, web: str) -> None:
    host = "203.0.113.67"
    health = f"{atoll.endpoint}/_atoll/health"
    assert atoll.run("run", "--from", host, "--", "curl", "-sS", health).status == 0
    listening = atoll.run("run", "--from", host, "--", "cat", "/proc/net/tcp", "/proc/net/tcp6").out
    bound = [line.split()[1] for line in listening.splitlines() if line.split()[3] == "0A"]
    assert bound == [f"0100007F:{atoll.port:04X}"]

    def asks(port: int) -> int:
        ask = ["curl", "-s", "-o", "/dev/null", "--max-time", "4", f"http://{host}:{port}/_atoll/health"]
        return atoll.run("exec", f"tag:Name={NAME}", "--", *ask).status

    assert asks(atoll.port) == 7
    with subprocess.Popen(
        ["atoll", "internet", "--from", host, "--", sys.executable, "-c", SERVER], env=atoll.environment, stdout=-1
    ) as canary:
        assert canary.stdout is not None
        port = int(canary.stdout.readline())
        assert asks(port) == 0, "the way from the instance to that host is open"
        assert atoll.run("internet", "--", "curl", "-s", "-m4", f"http://{host}:{atoll.port}/").status == 7
        canary.kill()


SERVER = """
import http.server
server = http.server.HTTPServer(("", 0), http.server.SimpleHTTPRequestHandler)
server.RequestHandlerClass.do_GET = lambda self: self.send_response(200) or self.end_headers()
print(server.server_port, flush=True)
server.serve_forever()
"""


def test_loopback_addresses_are_never_taken_from_a_wire(atoll: Atoll) -> None:
    """Whatever the host has set for itself: new namespaces copy its settings."""
    paths = [f"/proc/sys/net/ipv4/conf/{name}/route_localnet" for name in ("all", "default", "eth0")]
    assert atoll.run("run", "--", "cat", *paths).out == "0\n" * 3


def test_a_suite_that_resets_keeps_its_place(own_atoll: Atoll) -> None:
    """Also on a host that is not always there."""
    own_atoll.up()
    reset = f"curl -sS -o /dev/null -X POST {own_atoll.endpoint}/moto-api/reset"
    other = "exec 3<>/dev/tcp/203.0.113.20/9"
    count = "aws ec2 describe-vpcs --query 'length(Vpcs[?!IsDefault])'"
    create = "aws ec2 create-vpc --cidr-block 10.0.0.0/16 --query Vpc.State --output text"
    said = own_atoll.run(
        "run", "--from", "203.0.113.69", "--", "bash", "-c", f"{create} && {count} && {reset} && {count} && {other}"
    )
    assert said.out.split() == ["pending", "1", "0"], said.err
    assert "Connection refused" in said.err, "the other host answers, so there is a network"


def test_a_program_outlives_its_atoll_without_an_api(own_atoll: Atoll) -> None:
    own_atoll.up()
    ask = f"curl -s -o /dev/null {own_atoll.endpoint}/_atoll/health; echo $?"
    with subprocess.Popen(
        ["atoll", "run", "--", "sh", "-c", f"{ask}; read line; {ask}"],
        env=own_atoll.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "0\n"
        assert own_atoll.down().out == "Atoll is down.\n"
        assert program.communicate("\n")[0] == "7\n"


def test_a_name_fails_at_once(atoll: Atoll) -> None:
    assert atoll.run("run", "--", "timeout", "4", "getent", "hosts", "nobody.example").status == 2
    assert "127.0.0.1" in atoll.run("run", "--", "timeout", "4", "getent", "ahostsv4", "localhost").out


def test_a_port_that_is_taken_there_is_said(own_atoll: Atoll) -> None:
    own_atoll.up()
    script = (
        f"import socket; s = socket.create_server(('127.0.0.1', {own_atoll.port})); print('up', flush=True); input()"
    )
    with subprocess.Popen(
        ["atoll", "internet", "--from", "203.0.113.68", "--", sys.executable, "-c", script],
        env=own_atoll.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as taker:
        assert taker.stdout is not None
        assert taker.stdout.readline() == "up\n"
        said = own_atoll.run("run", "--from", "203.0.113.68", "--", "true")
        assert said.status == 1
        assert "Choose another host: --from IP" in said.err
        taker.communicate("\n")
    assert own_atoll.run("run", "--from", "203.0.113.68", "--", "true").status == 0


@pytest.mark.parametrize("address", ["1.2.3.4", "home"])
def test_an_address_that_is_no_host_is_refused(atoll: Atoll, address: str) -> None:
    said = atoll.run("run", "--from", address, "--", "true")
    assert said.status == 1
    assert address in said.err
    assert "Traceback" not in said.err


GUIDE = REPO / "docs" / "reaching.md"


def test_the_guide_shows_what_is_seen(reader: Shell) -> None:
    shows_what_it_says(GUIDE, reader)
