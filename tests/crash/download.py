"""A download through an Elastic IP that goes on as long as a series of kills lasts, and is looked at after each."""

import base64
import contextlib
import socket
import struct
import subprocess
import threading
import urllib.parse
from pathlib import Path

from tests.crash.aws import Aws
from tests.crash.things import IMAGE
from tests.scenarios.streams import connection

PORT = 80
RATE = 2 << 20
"""Bytes a second, by the sender's own clock (SO_MAX_PACING_RATE): so that the machine has time for the rest."""

STEP = 256 << 10
"""More than lies in the reader's buffer at any moment, so that some of it was sent after one began to wait for it."""

NUMBERS = struct.Struct("!512Q")
USER_DATA = f"""#!/bin/sh
cat > /usr/local/bin/count <<'END'
#!/usr/bin/python3
import os, socket, struct, threading
def send(to):
    to.setsockopt(socket.SOL_SOCKET, 47, {RATE})
    first = 0
    while True:
        to.sendall(struct.pack("{NUMBERS.format}", *range(first, first + 512)))
        first += 512
listening = socket.create_server(("0.0.0.0", {PORT}))
while True:
    threading.Thread(target=send, args=(listening.accept()[0],), daemon=True).start()
END
chmod +x /usr/local/bin/count
cat > /etc/systemd/system/count.service <<'END'
[Service]
ExecStart=/usr/local/bin/count
[Install]
WantedBy=multi-user.target
END
systemctl enable --now count
"""
"""A service that counts to whoever connects, for ever; it starts again with the instance."""


class Download:
    """One connection, and what has come over it. It ends with `close`, or by itself if a byte is wrong or missing."""

    def __init__(self, folder: Path, address: str) -> None:
        while True:
            with contextlib.suppress(subprocess.CalledProcessError):  # until the guest listens
                self._stream = connection(folder, address, PORT)
                break
        self._arrived = 0
        self._wrong = ""
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def goes_on(self, patience: float) -> str:
        """Wait for more of it to be sent and to arrive: what is wrong, or nothing."""
        with self._more:
            wanted = self._arrived + STEP
            done = self._more.wait_for(lambda: self._wrong or self._arrived >= wanted, patience)
            return self._wrong or ("" if done else "nothing more arrives")

    @property
    def arrived(self) -> int:
        """Bytes, all of them right."""
        return self._arrived

    def _read(self) -> None:
        first = 0
        while True:
            part = b""
            with contextlib.suppress(OSError):
                part = self._stream.recv(NUMBERS.size, socket.MSG_WAITALL)
            right = part == NUMBERS.pack(*range(first, first + 512))
            first += 512
            with self._more:
                if right:
                    self._arrived += len(part)
                else:
                    self._wrong = f"after {self._arrived} bytes: {part[:16]!r}" if part else "the connection has ended"
                self._more.notify_all()
            if not right:
                return

    def close(self) -> None:
        """Hang up."""
        with contextlib.suppress(OSError):
            self._stream.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._stream.close()


def served(aws: Aws) -> str:
    """An instance in the default VPC that sends, and opens its port to one host; its Elastic IP."""
    group = aws.call("CreateSecurityGroup", {"GroupName": "open", "GroupDescription": "open"}).text("groupId")
    rule = {"IpProtocol": "tcp", "FromPort": str(PORT), "ToPort": str(PORT), "IpRanges.1.CidrIp": "203.0.113.10/32"}
    asked = {"GroupId": group, **{f"IpPermissions.1.{name}": value for name, value in rule.items()}}
    aws.call("AuthorizeSecurityGroupIngress", asked)
    asked = {"ImageId": IMAGE, "InstanceType": "m5.large", "MinCount": "1", "MaxCount": "1", "SecurityGroupId.1": group}
    asked["UserData"] = urllib.parse.quote(base64.b64encode(USER_DATA.encode()))
    instance = aws.call("RunInstances", asked).text("instancesSet/item/instanceId")
    address = aws.call("AllocateAddress", {"Domain": "vpc"})
    aws.call("AssociateAddress", {"AllocationId": address.text("allocationId"), "InstanceId": instance})
    return address.text("publicIp")
