"""Parameters of Systems Manager, one's own and AWS's."""

from typing import Any

import pytest

from atoll.model.regions import REGIONS
from atoll.services.ec2.image_table import FIXED, images
from atoll.services.ssm.public import public
from tests.support.expect import refused
from tests.support.inprocess import InProcess

AL2023 = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


@pytest.fixture
def ssm(site: InProcess) -> Any:
    return site.client("ssm")


def put(ssm: Any, name: str = "/app/a", value: str = "1", **params: Any) -> Any:
    return ssm.put_parameter(Name=name, Value=value, **{"Type": "String", **params})


def value(ssm: Any, name: str, **params: Any) -> str:
    return str(ssm.get_parameter(Name=name, **params)["Parameter"]["Value"])


def test_a_parameter_and_its_versions(ssm: Any) -> None:
    assert {k: v for k, v in put(ssm).items() if k != "ResponseMetadata"} == {"Version": 1, "Tier": "Standard"}
    said = refused("ParameterAlreadyExists", put, ssm=ssm)
    assert said.startswith("The parameter already exists. To overwrite this value")
    assert ssm.put_parameter(Name="/app/a", Value="2", Overwrite=True)["Version"] == 2
    got = ssm.get_parameter(Name="/app/a")["Parameter"]
    assert got.pop("LastModifiedDate").timestamp() == 1_700_000_000
    assert got == {
        "Name": "/app/a", "Type": "String", "Value": "2", "Version": 2, "DataType": "text",
        "ARN": "arn:aws:ssm:us-east-1:123456789012:parameter/app/a",
    }  # fmt: skip
    assert ssm.get_parameter(Name="/app/a:1")["Parameter"]["Selector"] == ":1"
    assert value(ssm, "/app/a:1") == "1"
    assert value(ssm, got["ARN"]) == "2"
    assert value(ssm, got["ARN"] + ":1") == "1"
    said = refused("ParameterVersionNotFound", ssm.get_parameter, Name="/app/a:3")
    assert said == "Systems Manager could not find version 3 of /app/a. Verify the version and try again."
    refused("ParameterNotFound", ssm.get_parameter, Name="/app/b")
    history = ssm.get_parameter_history(Name="/app/a")["Parameters"]
    assert [(one["Version"], one["Value"]) for one in history] == [(1, "1"), (2, "2")]


def test_a_parameter_is_its_accounts_and_regions(site: InProcess, ssm: Any) -> None:
    put(ssm)
    refused("ParameterNotFound", site.client("ssm", region="eu-west-1").get_parameter, Name="/app/a")
    refused("ParameterNotFound", site.client("ssm", account="111122223333").get_parameter, Name="/app/a")


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("ValidationException", {"Name": ""}),
        ("ValidationException", {"Name": "a b"}),
        ("ValidationException", {"Name": "a/b"}),
        ("ValidationException", {"Name": "/a//b"}),
        ("ValidationException", {"Name": "/a/"}),
        ("ValidationException", {"Name": "/ssm/x"}),
        ("ValidationException", {"Name": "/" + "x" * 1011}),
        ("AccessDeniedException", {"Name": "/AWS/x"}),
        ("HierarchyLevelLimitExceededException", {"Name": "/x" * 16}),
        ("ValidationException", {"Value": ""}),
        ("ValidationException", {"Value": "x" * 4097}),
        ("ValidationException", {"Value": "x" * 8193, "Tier": "Advanced"}),
        ("ValidationException", {"Type": "Text"}),
        ("ValidationException", {"Type": None}),
        ("ValidationException", {"Tier": "Best"}),
        ("ValidationException", {"DataType": "number"}),
        ("ValidationException", {"DataType": "aws:ec2:image"}),
        ("ValidationException", {"DataType": "aws:ec2:image", "Type": "StringList", "Value": "ami-12c6146b"}),
        ("ValidationException", {"KeyId": "alias/x"}),
        ("ValidationException", {"Description": "x" * 1025}),
        ("ValidationException", {"Overwrite": True, "Tags": [{"Key": "a", "Value": "1"}]}),
        ("ValidationException", {"Tags": [{"Key": "aws:a", "Value": "1"}]}),
        ("TooManyTagsError", {"Tags": [{"Key": str(number), "Value": ""} for number in range(51)]}),
        ("UnsupportedOperation", {"AllowedPattern": "(a+)+$"}),
    ],
)
def test_what_put_parameter_refuses(site: InProcess, ssm: Any, code: str, wrong: dict[str, Any]) -> None:
    params = {"Name": "/a", "Value": "1", "Type": "String"} | wrong
    refused(code, ssm.put_parameter, **{name: one for name, one in params.items() if one is not None})
    assert not site.entities()


def test_no_pattern_is_asked_for(ssm: Any) -> None:
    """Terraform's aws_ssm_parameter always sends the member (provider v5.100.0, service/ssm/parameter.go)."""
    assert put(ssm, "/a", "1", AllowedPattern="")["Version"] == 1
    assert value(ssm, "/a") == "1"


def test_tiers(ssm: Any) -> None:
    assert put(ssm, "/a", "x" * 5000, Tier="Intelligent-Tiering")["Tier"] == "Advanced"
    assert put(ssm, "/b", "x", Tier="Intelligent-Tiering")["Tier"] == "Standard"
    assert ssm.put_parameter(Name="/a", Value="x", Overwrite=True)["Tier"] == "Advanced"
    refused("ValidationException", ssm.put_parameter, Name="/a", Value="x", Tier="Standard", Overwrite=True)


def test_what_is_secret_is_told_when_asked_to_decrypt(ssm: Any) -> None:
    put(ssm, "secret", "hidden", Type="SecureString")
    blind = value(ssm, "secret")
    assert "hidden" not in blind
    assert value(ssm, "secret", WithDecryption=True) == "hidden"
    assert ssm.describe_parameters()["Parameters"][0]["KeyId"] == "alias/aws/ssm"
    refused("HierarchyTypeMismatchException", put, ssm=ssm, name="secret", Overwrite=True)


def test_several_at_once(ssm: Any) -> None:
    put(ssm, "/a", "1")
    put(ssm, "/b", "2")
    got = ssm.get_parameters(Names=["/b", "/none", "/a:1", AL2023, "%"])
    assert [one["Name"] for one in got["Parameters"]] == ["/b", "/a", AL2023]
    assert got["InvalidParameters"] == ["/none", "%"]
    refused("ValidationException", ssm.get_parameters, Names=[f"/{number}" for number in range(11)])
    gone = ssm.delete_parameters(Names=["/a", "/none"])
    assert (gone["DeletedParameters"], gone["InvalidParameters"]) == (["/a"], ["/none"])
    refused("ParameterNotFound", ssm.delete_parameter, Name="/a")
    ssm.delete_parameter(Name="/b")
    assert ssm.describe_parameters()["Parameters"] == []


def test_a_parameter_that_is_made_again_begins_again(site: InProcess, ssm: Any) -> None:
    put(ssm)
    ssm.put_parameter(Name="/app/a", Value="2", Overwrite=True)
    ssm.delete_parameter(Name="/app/a")
    assert not site.entities()
    assert put(ssm)["Version"] == 1


def test_by_path(ssm: Any) -> None:
    for name in ("/app/a", "/app/b/c", "/app/b/d", "/apple/x", "plain"):
        put(ssm, name, name, Type="StringList" if name.endswith("d") else "String")

    def names(path: str, **params: Any) -> list[str]:
        pages = ssm.get_paginator("get_parameters_by_path").paginate(
            Path=path, PaginationConfig={"PageSize": 1}, **params
        )
        return [one["Name"] for page in pages for one in page["Parameters"]]

    assert names("/app") == names("/app/") == ["/app/a"]
    assert names("/app", Recursive=True) == ["/app/a", "/app/b/c", "/app/b/d"]
    assert names("/", Recursive=True) == ["/app/a", "/app/b/c", "/app/b/d", "/apple/x"]
    lists = [{"Key": "Type", "Values": ["StringList"]}]
    assert names("/app", Recursive=True, ParameterFilters=lists) == ["/app/b/d"]
    for path in ("app", "", "/a b", "//"):
        refused("ValidationException", ssm.get_parameters_by_path, Path=path)
    refused("ValidationException", ssm.get_parameters_by_path, Path="/", MaxResults=11)
    refused("InvalidNextToken", ssm.get_parameters_by_path, Path="/", NextToken="x")
    wrong = [{"Key": "Colour", "Values": ["red"]}]
    refused("InvalidFilterKey", ssm.get_parameters_by_path, Path="/", ParameterFilters=wrong)


def test_describe_and_its_filters(ssm: Any) -> None:
    put(ssm, "/app/a", Tags=[{"Key": "env", "Value": "test"}], Description="d")
    put(ssm, "/app/b/c")
    put(ssm, "plain", Type="SecureString")

    def names(key: str, *values: str, option: str | None = None) -> list[str]:
        wanted = {"Key": key, "Values": list(values), **({"Option": option} if option else {})}
        return [one["Name"] for one in ssm.describe_parameters(ParameterFilters=[wanted])["Parameters"]]

    assert names("Name", "app/a", "plain") == ["/app/a", "plain"]
    assert names("Name", "/app", option="BeginsWith") == ["/app/a", "/app/b/c"]
    assert names("Name", "b/", option="Contains") == ["/app/b/c"]
    assert names("Path", "/app") == ["/app/a"]
    assert names("Path", "/app", option="Recursive") == ["/app/a", "/app/b/c"]
    assert names("Type", "SecureString") == ["plain"]
    assert names("tag:env", "test", "prod") == names("tag:env") == ["/app/a"]
    assert names("tag:env", "prod") == []
    old = ssm.describe_parameters(Filters=[{"Key": "Name", "Values": ["/app/b"]}])["Parameters"]
    assert [one["Name"] for one in old] == ["/app/b/c"]
    shown = ssm.describe_parameters(MaxResults=1)
    assert (shown["Parameters"][0]["Description"], shown["NextToken"]) == ("d", "1")
    assert shown["Parameters"][0]["LastModifiedUser"] == "arn:aws:iam::123456789012:user/atoll"
    refused("InvalidFilterOption", names, key="Name", option="Near")
    refused("InvalidFilterValue", names, key="Name")
    refused("ValidationException", ssm.describe_parameters, MaxResults=51)


def test_labels(ssm: Any) -> None:
    put(ssm)
    ssm.put_parameter(Name="/app/a", Value="2", Overwrite=True)
    ssm.label_parameter_version(Name="/app/a", ParameterVersion=1, Labels=["prod"])
    assert value(ssm, "/app/a:prod") == "1"
    told = ssm.label_parameter_version(Name="/app/a", Labels=["prod", "1st", "awsome", "a b"])
    assert (told["ParameterVersion"], told["InvalidLabels"]) == (2, ["1st", "awsome", "a b"])
    assert value(ssm, "/app/a:prod") == "2"
    history = ssm.get_parameter_history(Name="/app/a")["Parameters"]
    assert [one["Labels"] for one in history] == [[], ["prod"]]
    refused("ParameterVersionNotFound", ssm.label_parameter_version, Name="/app/a", ParameterVersion=9, Labels=["x"])
    refused("ParameterVersionNotFound", ssm.get_parameter, Name="/app/a:none")
    many = [f"l{number}" for number in range(10)]
    refused("ParameterVersionLabelLimitExceeded", ssm.label_parameter_version, Name="/app/a", Labels=many)


def test_a_hundred_versions_are_kept(ssm: Any) -> None:
    put(ssm)
    for number in range(100):
        ssm.put_parameter(Name="/app/a", Value=str(number), Overwrite=True)
    refused("ParameterVersionNotFound", ssm.get_parameter, Name="/app/a:1")
    ssm.label_parameter_version(Name="/app/a", ParameterVersion=2, Labels=["keep"])
    refused("ParameterMaxVersionLimitExceeded", ssm.put_parameter, Name="/app/a", Value="x", Overwrite=True)


def test_tags(ssm: Any) -> None:
    put(ssm, Tags=[{"Key": "a", "Value": "1"}])
    where = {"ResourceType": "Parameter", "ResourceId": "/app/a"}
    ssm.add_tags_to_resource(**where, Tags=[{"Key": "b", "Value": "2"}])
    ssm.remove_tags_from_resource(**where, TagKeys=["a", "none"])
    assert ssm.list_tags_for_resource(**where)["TagList"] == [{"Key": "b", "Value": "2"}]
    refused("InvalidResourceId", ssm.list_tags_for_resource, ResourceType="Parameter", ResourceId="/none")
    refused("InvalidResourceType", ssm.list_tags_for_resource, ResourceType="Document", ResourceId="x")


def test_a_regions_quota(site: InProcess, ssm: Any) -> None:
    site.settings.limits["ssm-parameters-per-region"] = 1
    put(ssm)
    refused("ParameterLimitExceeded", put, ssm=ssm, name="/app/b")
    ssm.put_parameter(Name="/app/a", Value="2", Overwrite=True)


@pytest.mark.parametrize(
    ("name", "image"),
    [
        (AL2023, "al2023-ami-2023.*-kernel-6.1-x86_64"),
        ("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.12-arm64", "al2023-ami-2023.*-kernel-6.12-arm64"),
        ("/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2", "amzn2-ami-hvm-2.0.*-x86_64-gp2"),
        (
            "/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-5.10-hvm-arm64-gp2",
            "amzn2-ami-kernel-5.10-hvm-*-arm64-gp2",
        ),
        ("/aws/service/ami-amazon-linux-latest/amzn-ami-hvm-x86_64-gp2", "amzn-ami-hvm-2018*"),
        (
            "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
            "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*",
        ),
        (
            "/aws/service/canonical/ubuntu/server/jammy/stable/current/arm64/hvm/ebs-gp2/ami-id",
            "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-*",
        ),
        ("/aws/service/debian/release/12/latest/amd64", "debian-12-amd64-*"),
        ("/aws/service/debian/release/trixie/latest/arm64", "debian-13-arm64-*"),
    ],
)
def test_the_latest_images_are_those_that_a_search_finds(site: InProcess, name: str, image: str) -> None:
    for region in ("us-east-1", "eu-central-1"):
        got = site.client("ssm", region=region).get_parameter(Name=name)["Parameter"]
        found = site.client(region=region).describe_images(Filters=[{"Name": "name", "Values": [image]}])["Images"]
        assert [one["ImageId"] for one in found] == [got["Value"]]
        assert (got["DataType"], got["ARN"]) == ("aws:ec2:image", f"arn:aws:ssm:{region}::parameter{name}")


def test_every_release_has_a_parameter() -> None:
    named = {one.value for one in public("us-east-1").values()}
    assert named >= set(images("us-east-1")) - {one.id for one in FIXED}


def test_regions_and_zones(ssm: Any) -> None:
    place = "/aws/service/global-infrastructure/regions"

    def below(path: str) -> list[str]:
        pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=path)
        return sorted(one["Value"] for page in pages for one in page["Parameters"])

    assert below(place) == sorted(REGIONS)
    assert below(f"{place}/us-west-1/availability-zones") == ["usw1-az1", "usw1-az3"]
    assert value(ssm, f"{place}/us-east-1/longName") == "US East (N. Virginia)"
    assert ssm.describe_parameters()["Parameters"] == []
    refused("AccessDeniedException", put, ssm=ssm, name=AL2023)


def test_an_image_by_its_parameter(site: InProcess, ssm: Any) -> None:
    ec2 = site.client()
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]

    def launched(image: str) -> str:
        made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, SubnetId=subnet, InstanceType="t3.micro")
        return str(made["Instances"][0]["ImageId"])

    latest = value(ssm, AL2023)
    assert launched(f"resolve:ssm:{AL2023}") == latest
    put(ssm, "/golden", "ami-12c6146b", DataType="aws:ec2:image")
    ssm.put_parameter(Name="/golden", Value=latest, Overwrite=True)
    ssm.label_parameter_version(Name="/golden", Labels=["new"])
    assert launched("resolve:ssm:/golden:1") == "ami-12c6146b"
    assert launched("resolve:ssm:/golden:new") == launched("resolve:ssm:/golden") == latest
    put(ssm, "/word", "word")
    put(ssm, "/gone", "ami-00000000")
    for image, code in (
        ("resolve:ssm:/none", "InvalidParameterValue"),
        ("resolve:ssm:/golden:9", "InvalidParameterValue"),
        ("resolve:ssm:", "InvalidParameterValue"),
        ("resolve:ssm:/word", "InvalidAMIID.Malformed"),
        ("resolve:ssm:/gone", "InvalidAMIID.NotFound"),
    ):
        refused(code, launched, image=image)
