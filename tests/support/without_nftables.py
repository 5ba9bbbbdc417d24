"""python -m tests.support.without_nftables COMMAND...: run a command, as root, for which the kernel has no nftables.

A system call filter refuses the one kind of socket, with the error of a kernel that was built without it.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

_SOCKET = {"x86_64": 41, "aarch64": 198}[platform.machine()]
_AF_NETLINK, _NETLINK_NETFILTER = 16, 12
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_LOAD, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000

_PROGRAM = [
    (_LOAD, 0, 0, 0),  # struct seccomp_data: the call's number, ...
    (_IF_EQUAL, 0, 5, _SOCKET),
    (_LOAD, 0, 0, 16),  # ... its first argument ...
    (_IF_EQUAL, 0, 3, _AF_NETLINK),
    (_LOAD, 0, 0, 32),  # ... and its third
    (_IF_EQUAL, 0, 1, _NETLINK_NETFILTER),
    (_RETURN, 0, 0, _ERRNO | errno.EPROTONOSUPPORT),
    (_RETURN, 0, 0, _ALLOW),
]

if __name__ == "__main__":
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in _PROGRAM))
    program = ctypes.create_string_buffer(struct.pack("H6xQ", len(_PROGRAM), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, program, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_SECCOMP)")
    os.execvp(sys.argv[1], sys.argv[1:])
