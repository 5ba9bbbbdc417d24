"""The AWS CLI, unchanged but loaded once: `python -m tests.support.quick_aws SOCKET`.

Most of the CLI's half second is spent on imports and on EC2's model. Here each command runs in a fork of a process
that has them already, with the caller's words, environment, folder and streams.
"""

import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

CLIENT = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as way:
    way.connect({place!r})
    told = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode()
    socket.send_fds(way, [len(told).to_bytes(4, "big")], [0, 1, 2])
    way.sendall(told)
    status = way.recv(1)
sys.exit(status[0] if status else 255)
"""
"""The program that callers start; Python without its site packages starts in 15 ms."""


def write_client(program: Path, place: Path) -> None:
    """Make the program that hands its command to the process listening at `place`."""
    program.write_text(CLIENT.format(python=sys.executable, place=str(place)))
    program.chmod(0o755)


def serve(place: str) -> None:
    """Answer until killed. Prints a line when it listens."""
    from awscli.clidriver import create_clidriver

    driver = create_clidriver()
    for service in ("ec2", "sts"):
        driver.session.get_service_model(service)
        driver.session.get_component("data_loader").load_service_model(service, "endpoint-rule-set-1")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
        os.write(1, b"listening\n")
        while True:
            caller, _ = listener.accept()
            with caller:
                if os.fork() == 0:
                    _run(driver, caller)


def _run(driver: Any, caller: socket.socket) -> None:
    """In the fork: become the caller, run its command, tell it the exit status."""
    status = 255
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        length, streams, _, _ = socket.recv_fds(caller, 4, 3)
        words, environment, folder = json.loads(caller.recv(int.from_bytes(length, "big"), socket.MSG_WAITALL))
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        status = driver.main(words)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        caller.sendall(bytes([status & 255]))
        os._exit(status & 255)


if __name__ == "__main__":
    serve(sys.argv[1])
