"""Everything that Atoll builds is in a world of its own: the host is untouched, and nothing outlives it."""

import os
import signal
from pathlib import Path

import pytest

from tests.scenarios import footprint, host
from tests.scenarios.building import PAGE, USER_DATA, described, instance, network, page
from tests.scenarios.running import Atoll

pytestmark = pytest.mark.kernel


def with_guests(atoll: Atoll) -> host.Processes:
    """Start it with two web servers; its processes, guests included."""
    atoll.up()
    ec2 = atoll.ec2()
    where = network(ec2)
    for name in ("one", "two"):
        instance(ec2, where, name, USER_DATA)
    atoll.run("internet", "--", "true")
    processes = host.family(atoll.folder)
    assert sum(name.endswith("init") for name in processes.values()) >= 2, processes
    return processes


def test_the_host_is_the_same_before_during_and_after(own_atoll: Atoll) -> None:
    before = footprint.look()
    assert host.family(own_atoll.folder) == {}
    processes = with_guests(own_atoll)
    during = footprint.look()
    own_atoll.down()
    assert host.alive(processes) == {}
    after = footprint.look()
    assert footprint.changes(before, during) == []
    assert footprint.changes(before, after) == []


def test_what_is_compared_is_there() -> None:
    seen = footprint.look()
    assert any(line.startswith("/etc/passwd 100644 0:0 ") for line in seen["/etc"])
    assert any("/kernel/core_pattern=" in line for line in seen["sysctls"])
    assert any(": lo:" in line for line in seen["links"])
    assert any("ip_forward=" in line for line in seen["sysctls"])
    assert any(" / / " in line for line in seen["mounts"])


def test_nothing_of_the_world_is_in_the_state_folder_from_outside(own_atoll: Atoll) -> None:
    with_guests(own_atoll)
    assert list((own_atoll.folder / "world").iterdir()) == []
    assert list((own_atoll.folder / "guests" / "instances").glob("*/root/*")) == []


def test_sigterm_ends_everything_in_order(own_atoll: Atoll) -> None:
    processes = with_guests(own_atoll)
    os.kill(host.outer(own_atoll.folder), signal.SIGTERM)
    host.until_ended(processes)
    assert "Finished server process" in own_atoll.run("logs", "-n", "3").out


@pytest.mark.parametrize("victim", [host.server, host.outer], ids=["server", "outer process"])
def test_a_killed_server_stops_no_guest_and_the_next_takes_the_world_up(own_atoll: Atoll, victim: host.Choice) -> None:
    processes = with_guests(own_atoll)
    ec2 = own_atoll.ec2()
    before = ec2.describe_instances()["Reservations"]
    keeper, gone = host.keeper(own_atoll.folder), (host.server(own_atoll.folder), host.outer(own_atoll.folder))
    os.kill(victim(own_atoll.folder), signal.SIGKILL)
    host.until_ended({pid: processes[pid] for pid in gone})
    assert host.alive(processes) == {pid: name for pid, name in processes.items() if pid not in gone}
    said = own_atoll.run("status")
    assert (said.status, "was killed" in said.out) == (3, True)
    own_atoll.up()
    assert host.keeper(own_atoll.folder) == keeper
    assert host.alive(processes) == {pid: name for pid, name in processes.items() if pid not in gone}
    assert own_atoll.ec2().describe_instances()["Reservations"] == before


def test_a_guest_that_ends_while_there_is_no_server_has_stopped(own_atoll: Atoll) -> None:
    with_guests(own_atoll)
    outer = host.outer(own_atoll.folder)
    inits = [pid for pid, name in host.family(own_atoll.folder).items() if name.endswith("init")]
    os.kill(host.server(own_atoll.folder), signal.SIGKILL)
    host.until_ended({outer: "outer process"})
    os.kill(min(inits), signal.SIGKILL)
    own_atoll.up()
    answer = own_atoll.ec2().describe_instances()
    states = {one["State"]["Name"] for made in answer["Reservations"] for one in made["Instances"]}
    assert states == {"stopped", "running"}


def test_down_ends_a_world_whose_server_was_killed(own_atoll: Atoll) -> None:
    processes = with_guests(own_atoll)
    os.kill(host.server(own_atoll.folder), signal.SIGKILL)
    assert "had been killed" in own_atoll.down().out
    assert host.alive(processes) == {}


def test_ending_the_keeper_ends_everything_and_the_next_start_boots_again(own_atoll: Atoll) -> None:
    processes = with_guests(own_atoll)
    os.kill(host.keeper(own_atoll.folder), signal.SIGKILL)
    host.until_ended(processes)
    assert own_atoll.run("status").out.startswith("Atoll is not running")
    own_atoll.up()
    answer = own_atoll.ec2().describe_instances()
    states = [one["State"]["Name"] for made in answer["Reservations"] for one in made["Instances"]]
    assert states == ["running", "running"]


def test_two_atolls_side_by_side(own_atoll: Atoll, tmp_path: Path) -> None:
    """The same blocks and the same public pool in both; each internet sees its own."""
    own_atoll.up()
    ec2 = own_atoll.ec2()
    made = instance(ec2, network(ec2), "web", USER_DATA)
    address = described(ec2, made)["PublicIpAddress"]
    other = Atoll(tmp_path / "other")
    try:
        other.up()
        network(other.ec2())
        assert page(own_atoll, address, patient=True) == PAGE
        assert page(other, address) != PAGE
        assert other.ec2().describe_instances()["Reservations"] == []
    finally:
        other.down()
    assert page(own_atoll, address) == PAGE
