"""The command line as a user meets it: its life, its words, its exit statuses."""

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.newcomers import by_root
from tests.scenarios.running import Atoll

ORDINARY_USER = 65534
AS_ORDINARY_USER = (
    "setpriv",
    f"--reuid={ORDINARY_USER}",
    f"--regid={ORDINARY_USER}",
    "--clear-groups",
    # It may read what root can (a virtual environment may lie below /root), and nothing more.
    "--inh-caps=-all,+dac_read_search",
    "--ambient-caps=-all,+dac_read_search",
)


def test_up_says_where_and_how_to_go_on(own_atoll: Atoll) -> None:
    said = own_atoll.up("--fabric", "none")
    assert said.out.splitlines() == [
        f"Atoll is up: {own_atoll.endpoint}",
        'Point clients at it with: eval "$(atoll env)"   Stop it with: atoll down',
    ]


def test_advice_names_the_state_folder_that_was_asked_for(own_atoll: Atoll, tmp_path: Path) -> None:
    other = Atoll(tmp_path / "other")
    said = own_atoll.run("up", "--fabric", "none", "--port", str(other.port), "--state", str(other.folder))
    assert f"atoll down --state {other.folder}" in said.out
    assert own_atoll.run("status").status == 3
    stop = said.out.strip().rpartition("Stop it with: ")[2]
    assert own_atoll.command(*stop.split()).out == "Atoll is down.\n"
    assert other.run("status").status == 3


def test_up_twice_is_up_once(records: Atoll) -> None:
    before = json.loads(records.run("status", "--json").out)
    again = records.up("--fabric", "none")
    assert again.out == f"Atoll is already up: {records.endpoint}\n"
    assert json.loads(records.run("status", "--json").out)["pid"] == before["pid"]


def test_a_running_atoll_does_not_move_to_another_port(records: Atoll) -> None:
    said = records.run("up", "--port", str(records.port % 60000 + 1025))
    assert said.status == 1
    assert "Stop it first: atoll down" in said.err


def test_a_taken_port_is_refused_in_words(records: Atoll, tmp_path: Path) -> None:
    late = Atoll(tmp_path / "late")
    said = late.run("up", "--fabric", "none", "--port", str(records.port))
    assert said.status == 1
    assert f"127.0.0.1:{records.port} cannot be listened on" in said.err
    assert "--port" in said.err
    assert late.run("status").status == 3


def test_a_state_folder_has_one_server(records: Atoll) -> None:
    server = ("python", "-m", "atoll.app.main", "--fabric", "none", "--port", "0")
    said = records.command(*server, "--state", str(records.folder))
    assert said.status == 1
    assert "Another Atoll already runs on" in said.err
    assert records.run("status").status == 0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--port", "70000"), "65535"),
        (("--port", "web"), "--port"),
        (("--fabric", "ether"), "'kernel', 'none'"),
        (("--public-pool", "somewhere"), "Example: 198.18.0.0/16"),
        (("--public-pool", "198.18.0.1/16"), "host bits"),
        (("--quota", "vpcs=6"), "vpcs-per-region"),
        (("--socks-port", "1080"), "nothing to lead to"),
        (("--socks-port", "70000"), "65535"),
        (("--host", "203.0.113.1"), "cannot be listened on"),
        (("--state", "/proc/nowhere"), "/proc/nowhere"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_up_refuses_wrong_words(own_atoll: Atoll, words: tuple[str, ...], complaint: str) -> None:
    said = own_atoll.run("up", "--fabric", "none", "--port", str(own_atoll.port), *words)
    assert said.status in (1, 2)
    assert complaint in said.err
    assert "Traceback" not in said.err
    assert own_atoll.run("status").status == 3


def test_down_twice_and_status_between(own_atoll: Atoll) -> None:
    own_atoll.up("--fabric", "none")
    assert own_atoll.run("status").status == 0
    assert own_atoll.down().out == "Atoll is down.\n"
    down = own_atoll.run("status")
    assert (down.status, "Start it with: atoll up" in down.out) == (3, True)
    assert own_atoll.down().out == f"Atoll is not running on {own_atoll.folder}.\n"


def test_status_counts_what_there_is(records: Atoll) -> None:
    records.ec2().describe_vpcs()  # from the first call on there is a default one
    before = json.loads(records.run("status", "--json").out)["counts"]["vpc"]
    records.ec2().create_vpc(CidrBlock="10.0.0.0/16")
    found = json.loads(records.run("status", "--json").out)
    assert found["running"] is True
    assert found["endpoint"] == records.endpoint
    assert found["fabric"] == "none"
    assert found["state"] == str(records.folder)
    assert found["counts"]["vpc"] == before + 1
    assert re.search(rf"^ +{before + 1} vpc$", records.run("status").out, re.MULTILINE)


def test_status_of_nothing_is_json_too(own_atoll: Atoll) -> None:
    said = own_atoll.run("status", "--json")
    assert said.status == 3
    assert json.loads(said.out) == {"running": False, "world": False, "state": str(own_atoll.folder)}


def test_reset_forgets_and_stays_up(records_only: Atoll) -> None:
    ec2 = records_only.ec2()
    made = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    assert records_only.run("reset").out == "Atoll is empty.\n"
    assert "vpc" not in json.loads(records_only.run("status", "--json").out)["counts"]
    (fresh,) = ec2.describe_vpcs()["Vpcs"]
    assert fresh["IsDefault"]
    assert fresh["VpcId"] != made


def test_up_without_default_vpcs(own_atoll: Atoll) -> None:
    own_atoll.up("--fabric", "none", "--no-default-vpc")
    ec2 = own_atoll.ec2()
    assert ec2.describe_vpcs()["Vpcs"] == []
    own_atoll.down()
    own_atoll.up("--fabric", "none")
    assert ec2.describe_vpcs()["Vpcs"] == [], "this account has called here before"
    (other,) = own_atoll.ec2("210987654321").describe_vpcs()["Vpcs"]
    assert other["IsDefault"]


def test_logs_show_the_last_lines(records: Atoll) -> None:
    assert len(records.run("logs", "-n", "1").out.splitlines()) == 1
    assert "Started server process" in records.run("logs").out


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("env",), "Start it with: atoll up"),
        (("reset",), "Start it with: atoll up"),
        (("exec", "i-1", "--", "true"), "Start it with: atoll up"),
        (("internet", "--", "true"), "Start it with: atoll up"),
        (("run", "--", "true"), "Start it with: atoll up"),
        (("trace", "internet", "198.18.0.7:80"), "Start it with: atoll up"),
        (("demo", "eni"), "Start it with: atoll up"),
        (("logs",), "there is no log"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_without_a_server_every_command_says_so(own_atoll: Atoll, words: tuple[str, ...], advice: str) -> None:
    said = own_atoll.run(*words)
    assert said.status == 1
    assert advice in said.err
    assert said.out == ""


def test_without_a_server_the_advice_names_the_state_folder_that_was_asked_for(
    own_atoll: Atoll, tmp_path: Path
) -> None:
    said = own_atoll.run("env", "--state", str(tmp_path / "other"))
    assert said.err == f"atoll: Atoll is not running here. Start it with: atoll up --state {tmp_path / 'other'}\n"


def test_exposure_of_a_region_that_is_none_is_refused(records: Atoll) -> None:
    said = records.run("exposure", "--region", "us-esat-1")
    assert (said.status, said.out) == (2, "")
    assert "There is no region 'us-esat-1'" in said.err


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("exec", "i-1", "--", "true"), "records only"),
        (("internet", "--", "true"), "no internet here"),
        (("run", "--", "true"), "no internet here"),
        (("demo", "eni"), "nothing to try"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_without_a_network_commands_that_need_one_say_so(records: Atoll, words: tuple[str, ...], advice: str) -> None:
    said = records.run(*words)
    assert said.status == 1
    assert advice in said.err


@pytest.fixture
def ordinary() -> Iterator[Atoll]:
    """An Atoll in a folder that an ordinary user may enter and write (pytest's own are root's); stopped by root."""
    with tempfile.TemporaryDirectory(prefix="atoll-") as name:
        Path(name).chmod(0o777)
        made = Atoll(Path(name) / "state")
        yield made
        if made.folder.exists():
            made.down()


@by_root
def test_an_ordinary_user_has_the_records(ordinary: Atoll) -> None:
    own_cache = {"ATOLL_CACHE": f"{ordinary.folder}/cache"}
    up = ("atoll", "up", "--fabric", "none", "--port", str(ordinary.port))
    said = ordinary.command(*AS_ORDINARY_USER, *up, extra=own_cache)
    assert said.status == 0, said.err
    assert ordinary.folder.stat().st_uid == ORDINARY_USER
    assert ordinary.ec2().create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["CidrBlock"] == "10.0.0.0/16"
    assert ordinary.command(*AS_ORDINARY_USER, "atoll", "down").out == "Atoll is down.\n"


@by_root
@pytest.mark.kernel
def test_an_ordinary_user_is_told_how_to_have_packets(atoll: Atoll, ordinary: Atoll) -> None:
    """With the image in the shared cache already, thanks to the first; else it would be fetched before."""
    said = ordinary.command(*AS_ORDINARY_USER, "atoll", "up", "--port", str(ordinary.port))
    assert said.status == 1
    assert "sudo atoll up" in said.err
    assert "--fabric none" in said.err


def test_down_deletes_a_folder_whose_cache_was_elsewhere(own_atoll: Atoll) -> None:
    own_atoll.up("--fabric", "none")
    del own_atoll.environment["ATOLL_CACHE"]
    said = own_atoll.run("down", "--delete")
    assert (said.status, said.err) == (0, "")
    assert not own_atoll.folder.exists()


def test_zones_are_listed_fail_and_come_back(records_only: Atoll) -> None:
    records_only.ec2().describe_vpcs()  # the region's default subnets are there from now on
    assert records_only.run("az", "down", "us-east-1a").out == "us-east-1a is down.\n"
    assert records_only.run("az", "down", "use1-az6").out == "us-east-1a was down already.\n"
    assert records_only.run("az", "down", "eu-west-3c").out == "eu-west-3c is down.\n"
    listed = records_only.run("az").out.splitlines()
    assert re.fullmatch(r"us-east-1a +use1-az6 +DOWN since 20\S+Z?  1 subnets", listed[-6]), listed
    assert re.fullmatch(r"us-east-1b +use1-az1 +up  1 subnets", listed[-5])
    assert re.fullmatch(r"eu-west-3c +euw3-az3 +DOWN since 20\S+  nothing in it", listed[0])
    assert "  zone us-east-1a is down: atoll az up us-east-1a\n" in records_only.run("status").out
    for zone in ("us-east-1a", "eu-west-3c"):
        assert records_only.run("az", "up", zone).out == f"{zone} is up.\n"
    assert records_only.run("az", "up", "us-east-1a").out == "us-east-1a was up already.\n"
    assert "is down" not in records_only.run("status").out
    said = records_only.run("az", "down", "us-east-1x")
    assert said.status == 1
    assert said.err == (
        "atoll: There is no availability zone 'us-east-1x'. Those of us-east-1: us-east-1a, us-east-1b, us-east-1c, "
        "us-east-1d, us-east-1e, us-east-1f\n"
    )
    assert records_only.run("az", "down", "us-east-1b").status == 0
    assert records_only.run("reset").status == 0
    assert records_only.run("az").out == "", "a reset ends it"
