"""The kind of this machine's processor, and of a program's, in AWS's words."""

import platform

NAMES = {"x86_64": "x86_64", "aarch64": "arm64"}
"""What uname says, and AWS's name."""

GO = {"x86_64": "amd64", "arm64": "arm64"}
"""AWS's name, and the one in images of containers."""

_ELF = {62: "x86_64", 183: "arm64"}


def machine() -> str:
    """This machine's; as uname says where AWS has no name."""
    name = platform.machine()
    return NAMES.get(name, name)


def elf_machine(start: bytes) -> str | None:
    """What a program is for, from its first 20 bytes; None when it is none, or for a machine that AWS does not have."""
    if start[:4] != b"\x7fELF" or len(start) < 20:
        return None
    return _ELF.get(int.from_bytes(start[18:20], "little" if start[5] == 1 else "big"))
