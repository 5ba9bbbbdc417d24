"""Write a state folder with something of every kind, and what is answered from it: `python -m tests.data.write DIR`."""

import contextlib
import json
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

from tests.crash import seen
from tests.crash.aws import Aws
from tests.scenarios.building import instance, network
from tests.scenarios.running import Atoll

ACCOUNTS = ("123456789012", "111111111111")


def build(atoll: Atoll) -> None:
    """Two accounts, with things in every state that stays: a terminated instance is forgotten after an hour."""
    for account in ACCOUNTS:
        ec2 = atoll.ec2(account)
        where = network(ec2)
        web, idle = (instance(ec2, where, name) for name in ("web", "idle"))
        ec2.stop_instances(InstanceIds=[idle])
        made = ec2.create_network_interface(
            SubnetId=where.subnet, Groups=[where.group], SecondaryPrivateIpAddressCount=1
        )
        eni = made["NetworkInterface"]
        ec2.attach_network_interface(NetworkInterfaceId=eni["NetworkInterfaceId"], InstanceId=idle, DeviceIndex=1)
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        ec2.associate_address(AllocationId=address, InstanceId=web)
        ec2.allocate_address(Domain="vpc")
        table = ec2.create_route_table(VpcId=where.vpc)["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=table, SubnetId=where.subnet)
        ec2.create_key_pair(KeyName="key")
        ec2.create_tags(Resources=[where.vpc, eni["NetworkInterfaceId"]], Tags=[{"Key": "Owner", "Value": "ü & <x>"}])


def main() -> int:
    """Build, ask, and keep one file: the log of writes is folded into the database."""
    target = Path(sys.argv[1])
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as place:
        atoll = Atoll(Path(place) / "state")
        atoll.up("--fabric", "none")
        try:
            build(atoll)
            answers = {}
            for account in ACCOUNTS:
                aws = Aws(atoll.port, account)
                with contextlib.closing(aws):
                    answers[account] = {action: text.decode() for action, text in seen.answers(aws).items()}
        finally:
            atoll.down()
        shutil.copy(atoll.folder / "atoll.db", target)
        with contextlib.closing(sqlite3.connect(target / "atoll.db")) as db:
            db.execute("pragma journal_mode = delete")
    (target / "answers.json").write_text(json.dumps(answers, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
