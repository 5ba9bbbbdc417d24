"""What the doctor finds on machines that lack one thing each, and the cure that it names."""

from collections.abc import Callable, Mapping

import pytest

from atoll.app.doctor import PRIVILEGED, Finding, Machine, findings

ALL_CAPABILITIES = "Name:\tx\nCapEff:\t000001ffffffffff\n"
TRIED = {"world": "", "network": "", "overlay": ""}
PROGRAMS = {"runc", "apt-get", "dpkg-deb"}


def machine(
    *,
    root: bool = False,
    files: Mapping[str, str] | None = None,
    programs: set[str] = PROGRAMS,
    ids: Callable[[], list[str]] = list,
    uplink: tuple[str, str] = ("", ""),
    tried: Mapping[str, str] = TRIED,
) -> Machine:
    known = {"/proc/self/status": ALL_CAPABILITIES, **(files or {})}
    return Machine(root, lambda path: known.get(path, ""), programs.__contains__, ids, uplink, tried)


def needs(found: Machine) -> list[Finding]:
    return [one for one in findings(found) if one.cure]


@pytest.mark.parametrize("root", [True, False])
def test_a_machine_that_has_everything_needs_nothing(root: bool) -> None:
    assert needs(machine(root=root)) == []
    assert len(list(findings(machine(root=root)))) == 7


MOUNTED_BELOW = """22 1 0:21 / / rw - overlay overlay rw
23 22 0:22 / /usr/share/data rw - tmpfs tmpfs rw"""

LACKS = [
    (machine(programs=PROGRAMS - {"runc"}), "sudo apt-get install -y runc"),
    (machine(root=True, files={"/proc/self/status": "CapEff:\t00000000a80425fb\n"}), PRIVILEGED),
    (
        machine(files={"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1"}),
        "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0   (or run Atoll as root: sudo atoll up)",
    ),
    (
        machine(files={"/proc/sys/kernel/unprivileged_userns_clone": "0"}),
        "sudo sysctl -w kernel.unprivileged_userns_clone=1   (or run Atoll as root: sudo atoll up)",
    ),
    (
        machine(files={"/proc/sys/user/max_user_namespaces": "0"}),
        "sudo sysctl -w user.max_user_namespaces=15000   (or run Atoll as root: sudo atoll up)",
    ),
    (machine(ids=lambda: ["no newuidmap: sudo apt-get install -y uidmap"]), "sudo apt-get install -y uidmap"),
    (machine(tried={"world": "no"}), "sudo atoll up"),
    (machine(tried={"world": "no"}, files={"/.dockerenv": " "}), PRIVILEGED),
    (machine(tried={**TRIED, "network": "EOPNOTSUPP"}), "sudo modprobe -a nf_tables nft_chain_nat nft_ct veth"),
    (machine(tried={**TRIED, "overlay": "ENODEV"}), "sudo modprobe overlay"),
    (
        machine(tried={**TRIED, "overlay": "EINVAL"}, files={"/proc/self/mountinfo": MOUNTED_BELOW}),
        "sudo umount /usr/share/data   (or run Atoll as root: sudo atoll up)",
    ),
    (
        machine(root=True, tried={**TRIED, "overlay": "ENODEV"}, files={"/proc/self/mountinfo": MOUNTED_BELOW}),
        "sudo modprobe overlay",
    ),
    (machine(programs={"runc"}), "install apache2 postgresql awscli with your package manager"),
]  # fmt: skip


@pytest.mark.parametrize(("lacking", "cure"), LACKS, ids=[cure[:40] for _, cure in LACKS])
def test_each_lack_has_its_cure(lacking: Machine, cure: str) -> None:
    (only,) = needs(lacking)
    assert (only.cure, only.must) == (cure, True)


def test_what_is_not_needed_to_start_is_a_note() -> None:
    (only,) = needs(machine(uplink=("no tool", "sudo apt-get install -y slirp4netns")))
    assert (only.must, only.cure) == (False, "sudo apt-get install -y slirp4netns")


def test_the_hosts_own_programs_serve_where_there_is_no_apt() -> None:
    assert needs(machine(programs={"runc", "apache2", "postgres", "aws"})) == []


def test_software_that_guests_can_do_without_is_a_note() -> None:
    (only,) = needs(machine(programs={"runc", "apache2"}))
    assert (only.must, only.cure) == (False, "install postgresql awscli with your package manager")


def test_a_world_that_fails_for_a_named_reason_is_not_named_again() -> None:
    lacking = machine(ids=lambda: ["newuidmap is not installed: cure"], tried={"world": "newuidmap is not installed"})
    assert [one.cure for one in needs(lacking)] == ["cure"]
