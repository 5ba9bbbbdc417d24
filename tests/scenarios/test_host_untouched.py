"""What a host has is the same before, while and after an Atoll runs on it, guests, packets and uplink included."""

from pathlib import Path

import pytest

from atoll.linux.packets import call_in
from tests.scenarios import footprint, legacy_tables
from tests.scenarios.machines import REAL, TEMPORARY, atoll_on, house, machine
from tests.scenarios.newcomers import by_root
from tests.scenarios.places import CLIENT, Place

pytestmark = [pytest.mark.kernel, by_root]

XDG = ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")


@pytest.mark.parametrize("kind", ["root", "user"])
def test_a_host_is_the_same_before_during_and_after(home: Path, caches: Path, kind: str) -> None:
    its_house = house(home, kind)
    with machine(home) as where, atoll_on(where, kind, its_house, caches) as atoll:
        for name in XDG:
            (its_house / name).mkdir()
            atoll.environment[name] = str(its_house / name)
        atoll.folder.mkdir()
        for path in (*its_house.glob("X*"), atoll.folder):
            where.run(f"chown --reference={its_house} {path}")

        def look() -> footprint.Look:
            return footprint.look_from(
                where.enter, its_house, *TEMPORARY, without=[atoll.folder, home / "cache", footprint.REPO / ".cache"]
            )

        before = look()
        atoll.up("--uplink")
        place = Place(atoll, "111111111111")
        guest = place.launch(place.group("web", {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}))
        assert place.opening(CLIENT, place.public_ip(guest)) == "connected"
        assert atoll.run("exec", guest, "--", "curl", "-s", "-o", "/dev/null", f"http://{REAL}/GPL-3").status == 0
        assert atoll.run("run", "--", "true").status == 0
        during = look()
        atoll.down()
        changed = footprint.changes(before, during)
        assert changed == [], "\n".join(changed)
        assert footprint.changes(before, look()) == []


TAMPERED = {
    "links": "ip link set planted mtu 1400",
    "addresses": "ip addr add 172.31.9.4/24 dev planted",
    "routes": "ip route replace 192.0.9.0/24 via 172.31.9.3",
    "routes of IPv6": "ip -6 route add 2001:db8::/64 dev planted",
    "rules": "ip rule add from 172.31.9.8 lookup 78",
    "neighbours": "ip neigh del 172.31.9.2 dev planted",
    "firewall": "nft flush chain inet planted in",
    "named namespaces": "ip netns add another",
    "mounts": "mount --bind /srv /srv",
    "sysctls": "echo 34 > /proc/sys/net/ipv4/tcp_fin_timeout",
    "/etc": "mount --bind /etc/group /etc/passwd",
    "/tmp": "mkdir /tmp/atoll-left",
    "/run": "touch /run/atoll",
    "/dev/shm": "touch /dev/shm/atoll",
    "/var/tmp": "touch /var/tmp/atoll",
}


def test_whatever_is_changed_is_seen(home: Path) -> None:
    """Each aspect tampered with once, and in the home a mode, a time and a content."""
    its_house = house(home, "tampered")
    with machine(home) as where:
        before = footprint.look_from(where.enter, its_house, *TEMPORARY)
        assert footprint.changes(before, footprint.look_from(where.enter, its_house, *TEMPORARY)) == []
        there = {aspect: script for aspect, script in TAMPERED.items() if aspect in before}
        for script in there.values():
            where.run(script)
        call_in(where.network, legacy_tables.let_nothing_in)
        (its_house / ".aws").chmod(0o700)
        where.run(f"touch {its_house}/.bashrc; echo x >> {its_house}/.aws/config")
        changed = footprint.changes(before, footprint.look_from(where.enter, its_house, *TEMPORARY))
        seen = {line.partition(": ")[0] for line in changed}
        assert seen == {*there, "legacy firewall", str(its_house)}
        assert set(TAMPERED) - set(there) <= set(map(str, (Path("/run"), Path("/dev/shm"), Path("/var/tmp"))))
        for path in (".aws", ".bashrc", ".aws/config"):
            assert any(f"{its_house}/{path} " in line for line in changed)
