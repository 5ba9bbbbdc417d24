"""python -m tests.first_hour.terraform.run MIRROR: build, look, change, look, destroy, and see that nothing is left.

MIRROR is a filesystem mirror of Terraform's providers that has hashicorp/aws (`terraform providers mirror MIRROR`).
The exit status says whether all went as it should; what did not is printed.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from tests.scenarios.running import Atoll, Said

HERE = Path(__file__).parent
PATIENCE = 1200.0
ACCOUNT = "123456789012"
QUOTA = ("--quota", "elastic-ips-per-region=20")
ASK = ("-no-color", "-input=false")
SAME = 0
"""The exit status of `plan -detailed-exitcode` that finds nothing to do."""


class Step(Exception):  # noqa: N818 - where it stopped, not an error of its own
    """A command of Terraform that did not end as it should."""


def main(mirror: str) -> int:
    """Every step; stops at the first that fails."""
    with tempfile.TemporaryDirectory(prefix="terraform-") as folder:
        atoll = Atoll(Path(folder) / "state")
        shutil.copy(HERE / "main.tf", folder)
        configuration = Path(folder) / "terraform.rc"
        configuration.write_text(f'provider_installation {{ filesystem_mirror {{ path = "{mirror}" }} }}\n')
        atoll.up("--fabric", "none", *QUOTA)
        try:
            _hour(atoll, configuration)
        except Step as stopped:
            sys.stdout.write(f"{stopped}\n")
            return 1
        finally:
            atoll.delete()
    sys.stdout.write("built, changed and destroyed; nothing left\n")
    return 0


def _hour(atoll: Atoll, configuration: Path) -> None:
    def terraform(*words: str) -> Said:
        keys = {
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "any",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": atoll.endpoint,
            "TF_CLI_CONFIG_FILE": str(configuration),
        }
        said = atoll.command("terraform", *words, extra=keys, patience=PATIENCE)
        if said.status != SAME:
            raise Step(f"terraform {' '.join(words)}: status {said.status}\n{said.out[-8000:]}\n{said.err}")
        return said

    terraform("init", *ASK)
    before = _there(atoll)
    for word in ("one", "two", "three"):
        terraform("apply", "-auto-approve", *ASK, f"-var=word={word}")
        terraform("plan", "-detailed-exitcode", *ASK, f"-var=word={word}")
    terraform("destroy", "-auto-approve", *ASK, "-var=word=three")
    if (left := _there(atoll)) != before:
        raise Step(f"left after destroy: {left}, before: {before}")


def _there(atoll: Atoll) -> list[str]:
    """What an account has of networking, by id, and its records of IAM and Systems Manager."""
    ec2, iam, ssm = (atoll.client(name, ACCOUNT) for name in ("ec2", "iam", "ssm"))
    enis = ec2.describe_network_interfaces()["NetworkInterfaces"]
    return sorted(
        [
            *(one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"]),
            *(one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]),
            *(one["GroupId"] for one in ec2.describe_security_groups()["SecurityGroups"]),
            *(one["NetworkInterfaceId"] for one in enis),
            *(one["AllocationId"] for one in ec2.describe_addresses()["Addresses"]),
            *(one["VolumeId"] for one in ec2.describe_volumes()["Volumes"]),
            *(one["RoleName"] for one in iam.list_roles()["Roles"]),
            *(one["Arn"] for one in iam.list_policies(Scope="Local")["Policies"]),
            *(one["Name"] for one in ssm.describe_parameters()["Parameters"]),
        ]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
