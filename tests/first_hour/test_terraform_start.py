"""How the Terraform AWS provider starts: who it is, and which regions and zones there are.

hashicorp/aws-sdk-go-base@01548aca2dcd aws_config.go (GetAwsConfig, GetAwsAccountIDAndPartition) and awsauth.go, called
by hashicorp/terraform-provider-aws@02fe3b283b48 internal/conns/config.go (ConfigureProvider).
"""

import pytest
from botocore.exceptions import ClientError

from tests.first_hour.account import Account, only
from tests.support.expect import named

ROLE = "deploy"
TRUST = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}'


def partition_and_account(arn: str) -> tuple[str, str]:
    """parseAccountIDAndPartitionFromARN: the provider builds every ARN that it shows from these two."""
    start, partition, _, _, account, _ = arn.split(":", 5)
    assert start == "arn"
    return partition, account


def test_credentials_are_validated_by_who_they_belong_to(account: Account) -> None:
    """Without skip_credentials_validation: sts:GetCallerIdentity alone."""
    answer = account.client("sts").get_caller_identity()
    assert partition_and_account(answer["Arn"]) == ("aws", account.id)
    assert answer["Account"] == account.id


def test_skip_credentials_validation_asks_iam_first(account: Account) -> None:
    """getAccountIDAndPartition: iam:GetUser, sts:GetCallerIdentity, iam:ListRoles, until one gives an ARN."""
    assert partition_and_account(account.client("iam").get_user()["User"]["Arn"]) == ("aws", account.id)


def test_the_last_way_to_the_account_is_a_role_of_its(account: Account) -> None:
    """getAccountIDAndPartitionFromIAMListRoles takes the first of one; none at all is an empty list, not an error."""
    iam = account.client("iam")
    assert iam.list_roles(MaxItems=1)["Roles"] == []
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=TRUST)
    role = only(iam.list_roles(MaxItems=1)["Roles"])
    assert partition_and_account(role["Arn"]) == ("aws", account.id)


def test_assume_role_works_with_the_keys_that_it_gives(account: Account) -> None:
    """assumeRoleCredentialsProvider: the provider's `assume_role` block, then GetCallerIdentity with its keys."""
    account.client("iam").create_role(RoleName=ROLE, AssumeRolePolicyDocument=TRUST)
    arn = f"arn:aws:iam::{account.id}:role/{ROLE}"
    keys = account.client("sts").assume_role(RoleArn=arn, RoleSessionName="terraform", DurationSeconds=3600)
    given = keys["Credentials"]
    as_role = account.server.client("sts", given["AccessKeyId"], aws_session_token=given["SessionToken"])
    answer = as_role.get_caller_identity()
    assert answer["Arn"] == f"arn:aws:sts::{account.id}:assumed-role/{ROLE}/terraform"
    assert given["Expiration"].tzinfo is not None
    ec2 = account.server.client("ec2", given["AccessKeyId"], aws_session_token=given["SessionToken"])
    assert only(ec2.describe_vpcs()["Vpcs"])["OwnerId"] == account.id


def test_sts_region_may_be_another_than_the_providers(account: Account) -> None:
    """`sts_region`: identity is asked of another region's endpoint than the resources'."""
    answer = account.client("sts", "eu-west-1").get_caller_identity()
    assert answer["Account"] == account.id


def test_provider_3_asks_for_the_supported_platforms(account: Account) -> None:
    """GetSupportedEC2Platforms (aws/config.go until provider 4): no platform at all is an error to it."""
    answer = account.ec2.describe_account_attributes(AttributeNames=["supported-platforms"])
    attribute = only(answer["AccountAttributes"])
    assert attribute["AttributeName"] == "supported-platforms"
    assert [one["AttributeValue"] for one in attribute["AttributeValues"]] == ["VPC"]


def test_the_zones_of_nearly_every_configuration(account: Account) -> None:
    """data.aws_availability_zones, state = "available": sorted by name, three lists
    (terraform-provider-aws@51f0f87f4081 internal/service/ec2/availability_zones_data_source.go)."""
    answer = account.ec2.describe_availability_zones(Filters=named("state", "available"))
    zones = sorted(answer["AvailabilityZones"], key=lambda one: one["ZoneName"])
    assert [one["ZoneName"] for one in zones[:2]] == ["us-east-1a", "us-east-1b"]
    assert len({one["ZoneId"] for one in zones}) == len(zones)
    assert {one["GroupName"] for one in zones} == {"us-east-1-zg-1"}


def test_local_zones_are_left_out_as_modules_do(account: Account) -> None:
    """The filter that terraform-aws-modules/terraform-aws-eks@v20 (examples/*/main.tf) sets, and with all zones."""
    ask = account.ec2.describe_availability_zones
    everything = ask()["AvailabilityZones"]
    assert ask(Filters=named("opt-in-status", "opt-in-not-required"))["AvailabilityZones"] == everything
    assert ask(AllAvailabilityZones=True, Filters=named("zone-type", "local-zone"))["AvailabilityZones"] == []


def test_every_region_that_the_provider_can_be_set_to(account: Account) -> None:
    """data.aws_regions: names and opt-in states; they answer."""
    regions = account.ec2.describe_regions(AllRegions=True)["Regions"]
    assert {one["OptInStatus"] for one in regions} <= {"opt-in-not-required", "opted-in", "not-opted-in"}
    for one in regions[::6]:  # a first call makes a region's default VPC: some will do
        there = account.client("ec2", one["RegionName"])
        assert there.describe_availability_zones()["AvailabilityZones"][0]["RegionName"] == one["RegionName"]


def test_a_region_that_there_is_not_fails_at_once(account: Account) -> None:
    """With skip_region_validation the first call has to say what is wrong, in a 4xx, which is not tried again."""
    with pytest.raises(ClientError) as refusal:
        account.client("ec2", "mars-north-1").describe_vpcs()
    told = refusal.value.response
    assert told["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert "mars-north-1" in told["Error"]["Message"]
