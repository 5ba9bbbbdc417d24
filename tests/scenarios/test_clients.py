"""`atoll env`: clients reach the Atoll that it names, and nothing else does."""

import pytest

from tests.scenarios.running import Atoll

ZONES = "aws ec2 describe-availability-zones --query 'AvailabilityZones[0].ZoneName' --output text"


def test_env_is_for_eval(records: Atoll) -> None:
    said = records.command("bash", "-c", f'eval "$(atoll env)" && {ZONES}')
    assert (said.status, said.out) == (0, "us-east-1a\n"), said.err


def test_env_names_the_served_services_one_by_one(records: Atoll) -> None:
    lines = records.run("env").out.splitlines()
    assert f"export AWS_ENDPOINT_URL_EC2={records.endpoint}" in lines
    assert not any(line.startswith("export AWS_ENDPOINT_URL=") for line in lines)
    assert all(line.startswith("export ") for line in lines)


def test_env_all_sends_every_service(records: Atoll) -> None:
    lines = records.run("env", "--all").out.splitlines()
    assert f"export AWS_ENDPOINT_URL={records.endpoint}" in lines
    said = records.command("bash", "-c", 'eval "$(atoll env --all)" && aws s3api list-buckets')
    assert said.status != 0
    assert "s3" in said.err.lower()


@pytest.mark.parametrize("everything", [[], ["--all"]], ids=["served", "all"])
def test_a_profile_is_for_the_config_file(records: Atoll, everything: list[str]) -> None:
    file = records.folder.parent / "config"
    file.write_text(records.run("env", "--profile", "lagoon", *everything).out)
    said = records.command("bash", "-c", f"{ZONES} --profile lagoon", extra={"AWS_CONFIG_FILE": str(file)})
    assert (said.status, said.out) == (0, "us-east-1a\n"), said.err
