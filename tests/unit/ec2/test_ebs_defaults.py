"""An account's defaults for the encryption of its volumes."""

from typing import Any

from tests.support.expect import refused
from tests.support.inprocess import ACCOUNT, REGION
from tests.support.lab import Lab

KEY = "12345678-90ab-cdef-1234-567890abcdef"
ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{KEY}"


def root(lab: Lab, **ebs: Any) -> dict[str, Any]:
    """The root volume of a fresh instance."""
    asked = {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": ebs}]} if ebs else {}
    instance = lab.launch(**asked)
    found = lab.ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [instance]}])
    (volume,) = found["Volumes"]
    return dict(volume)


def test_volumes_are_encrypted_from_when_it_is_chosen(lab: Lab) -> None:
    ec2 = lab.ec2
    assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
    plain = root(lab)
    assert plain["Encrypted"] is False
    assert ec2.enable_ebs_encryption_by_default()["EbsEncryptionByDefault"] is True
    assert ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is True
    assert root(lab)["Encrypted"] is True
    assert root(lab, Encrypted=False)["Encrypted"] is True  # nobody can choose otherwise
    assert root(lab, KmsKeyId=KEY)["KmsKeyId"] == ARN
    assert ec2.describe_volumes(VolumeIds=[plain["VolumeId"]])["Volumes"][0]["Encrypted"] is False
    assert ec2.disable_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
    assert root(lab)["Encrypted"] is False


def test_it_is_an_affair_of_one_region(lab: Lab) -> None:
    lab.ec2.enable_ebs_encryption_by_default()
    assert lab.cloud.client(region="eu-west-1").get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False


def test_the_default_key(lab: Lab) -> None:
    ec2 = lab.ec2
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"
    own = root(lab, Encrypted=True)["KmsKeyId"]
    assert ec2.modify_ebs_default_kms_key_id(KmsKeyId=KEY)["KmsKeyId"] == ARN
    assert ec2.get_ebs_default_kms_key_id()["KmsKeyId"] == ARN
    assert root(lab, Encrypted=True)["KmsKeyId"] == ARN
    assert ec2.reset_ebs_default_kms_key_id()["KmsKeyId"] == "alias/aws/ebs"
    assert root(lab, Encrypted=True)["KmsKeyId"] == own != ARN
    refused("InvalidParameterValue", ec2.modify_ebs_default_kms_key_id, KmsKeyId="mine")
    refused("UnsupportedOperation", ec2.modify_ebs_default_kms_key_id, KmsKeyId="alias/mine")
    refused("MissingParameter", ec2.modify_ebs_default_kms_key_id)


def test_a_dry_run_chooses_nothing(lab: Lab) -> None:
    for operation in ("enable_ebs_encryption_by_default", "disable_ebs_encryption_by_default"):
        refused("DryRunOperation", getattr(lab.ec2, operation), DryRun=True)
    assert lab.ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
