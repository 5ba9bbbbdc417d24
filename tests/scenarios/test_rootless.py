"""Atoll as an ordinary user: the same packets, guests with several ids, nothing of the host touched."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.scenarios import footprint, host
from tests.scenarios.building import PAGE, USER_DATA, described, instance, network, page
from tests.scenarios.newcomers import ENVIRONMENT, by_root, who
from tests.scenarios.running import REPO, Atoll

pytestmark = pytest.mark.kernel


def test_an_instance_answers_and_its_server_is_not_root(theirs: Atoll) -> None:
    before = footprint.look()
    theirs.up()
    ec2 = theirs.ec2()
    made = instance(ec2, network(ec2), user_data=USER_DATA)
    address = described(ec2, made)["PublicIpAddress"]
    assert page(theirs, address, patient=True) == PAGE
    users = theirs.run("exec", made, "--", "ps", "-o", "user=", "-C", "apache2").out.split()
    assert {"root", "apache"} <= set(users)
    assert theirs.run("exec", made, "--", "cat", "/var/log/httpd/access_log").out.startswith("203.0.113.10 ")
    uids = {os.stat(f"/proc/{pid}").st_uid for pid in host.family(theirs.folder)}
    assert 0 not in uids, "nothing of it is root's"
    assert len(uids) > 1, "and the guests have ids of the range"
    theirs.down()
    assert footprint.changes(before, footprint.look()) == []


def test_postgresql_runs_as_its_own_user(theirs: Atoll) -> None:
    """initdb refuses root, and its files must be their owner's alone: both need ids of the range."""
    theirs.up()
    ec2 = theirs.ec2()
    script = """#!/bin/bash
dnf install -y postgresql15-server
postgresql-setup --initdb
systemctl enable --now postgresql
"""
    made = instance(ec2, network(ec2), user_data=script)
    asked = "until sudo -u postgres psql -Atc 'SELECT 6 * 7' 2>/dev/null; do :; done"
    said = theirs.run("exec", made, "--", "timeout", "20", "sh", "-c", asked)
    assert (said.status, said.out) == (0, "42\n"), said.err
    assert theirs.run("exec", made, "--", "ps", "-o", "user=", "-C", "postgres").out.split()[0] == "postgres"


def test_a_killed_server_is_joined(theirs: Atoll) -> None:
    theirs.up()
    ec2 = theirs.ec2()
    made = instance(ec2, network(ec2), user_data=USER_DATA)
    address = described(ec2, made)["PublicIpAddress"]
    assert page(theirs, address, patient=True) == PAGE
    keeper = host.keeper(theirs.folder)
    outer = host.outer(theirs.folder)
    os.kill(host.server(theirs.folder), signal.SIGKILL)
    host.until_ended({outer: "outer process"})
    theirs.up()
    assert host.keeper(theirs.folder) == keeper
    assert page(theirs, address) == PAGE


def test_intents_are_proved_and_tried_now_and_in_a_scratch_world(theirs: Atoll) -> None:
    theirs.up()
    ec2 = theirs.ec2()
    made = instance(ec2, network(ec2), user_data=USER_DATA)
    file = theirs.folder.parent / "intents.yaml"
    file.write_text(
        f"version: 1\nexpect: [{{allow: 'internet -> {made}:80'}}]\n"
        f"when: [{{stopped: {made}, expect: [{{deny: 'internet -> {made}'}}, {{deny: '{made} -> internet'}}]}}]\n"
    )
    before = set(file.parent.iterdir())
    said = theirs.run("verify", str(file), "--json", extra={"TMPDIR": str(file.parent)})
    assert said.status == 0, said.out + said.err
    assert [(one["holds"], one["strayed"]) for one in json.loads(said.out)] == [(True, [])] * 3
    assert said.err == ""  # the scratch world could be made
    assert set(file.parent.iterdir()) == before


def test_programs_and_browsers_of_the_user_reach_it(theirs: Atoll) -> None:
    """`atoll run` with the user's own ids and no power over the network; the proxy as for root."""
    theirs.up()
    ec2 = theirs.ec2()
    address = described(ec2, instance(ec2, network(ec2), user_data=USER_DATA))["PublicIpAddress"]
    assert page(theirs, address, patient=True) == PAGE
    script = f"curl -s {theirs.endpoint}/_atoll/health && curl -s http://{address}/ && id -u && id -g"
    outside = theirs.command("sh", "-c", "id -u; id -g").out
    said = theirs.run("run", "--", "sh", "-c", f"{script}; ip link set eth0 down")
    assert said.out == f'{{"status": "ok"}}{PAGE}\n{outside}', said.err
    assert "not permitted" in said.err
    proxy = f"socks5h://127.0.0.1:{json.loads(theirs.run('status', '--json').out)['socks'].rpartition(':')[2]}"
    assert theirs.command("curl", "-s", "--max-time", "4", "--proxy", proxy, f"http://{address}/").out == f"{PAGE}\n"


@by_root
def test_without_a_range_of_ids_the_missing_lines_are_named(theirs: Atoll) -> None:
    theirs.environment["NEWCOMER_WITHOUT"] = "range"
    said = theirs.run("up", "--port", str(theirs.port))
    assert said.status == 1
    for words in ("/etc/subuid gives atoll-newcomer no range", "--add-subuids", "--add-subgids", "sudo atoll up"):
        assert words in said.err
    del theirs.environment["NEWCOMER_WITHOUT"]


WAYS = {"CreateNatGateway", "DeleteNatGateway", "CreateNetworkAclEntry", "ReplaceNetworkAclAssociation"} | {
    "CreateManagedPrefixList", "AssociateRouteTable", "CreateRoute", "ReplaceRoute", "DeleteRoute", "AssociateAddress"
}  # fmt: skip


@by_root
def test_answers_and_packets_are_the_same_for_root_and_for_a_user(home: Path) -> None:
    """A random program of calls, all answers to it and every packet that it asks about: two worlds, one log of both."""
    logs = []
    for name, words in (("root", []), ("user", who(home))):
        log = home / f"{name}.log"
        command = [*words, "python3", "-m", "tests.witness.run", "--seed", "31064", "--designs", "4", "--log", str(log)]
        done = subprocess.run(command, cwd=REPO, env=ENVIRONMENT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        logs.append(log.read_text())
    assert logs[0] == logs[1]
    assert logs[0].count("packets: at ") > 30
    calls = [int(one) for one in re.findall(r"\| answers: (\d+) calls, \w{64}\n", logs[0])]
    assert (len(calls), min(calls) > 10, sum(calls) > 100) == (4, True, True), calls
    made = set(" ".join(re.findall(r"\| operations: (.+)\n", logs[0])).split())
    assert made >= WAYS, WAYS - made
