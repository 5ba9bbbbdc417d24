from pathlib import Path

from atoll.linux.mounts import below, file_system

MOUNTINFO = (
    "22 1 254:0 / / rw - ext4 /dev/vda rw",
    "23 22 0:21 / /dev/shm rw,nosuid shared:3 - tmpfs tmpfs rw",
    r"24 22 0:22 / /mnt/with\040blank rw - overlay overlay rw,lowerdir=/a",
    "25 24 0:23 / /mnt/with\\040blank/in rw - proc proc rw",
)


def test_mounts_below_a_folder_are_found_with_their_real_names() -> None:
    assert list(below(Path("/mnt/with blank"), MOUNTINFO)) == [Path("/mnt/with blank"), Path("/mnt/with blank/in")]
    assert list(below(Path("/mnt/with"), MOUNTINFO)) == []


def test_the_deepest_mount_holds_a_path() -> None:
    assert file_system(Path("/mnt/other"), MOUNTINFO) == "ext4"
    assert file_system(Path("/mnt/with blank/x"), MOUNTINFO) == "overlay"
    assert file_system(Path("/mnt/with blank/in"), MOUNTINFO) == "proc"
