"""Key pairs: real keys, of which the private half is kept nowhere."""

import base64
import hashlib
import subprocess
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization

from tests.support.expect import filters, named, refused, tag_specification
from tests.support.inprocess import InProcess
from tests.support.lab import Lab


def stored(cloud: InProcess) -> bytes:
    return b"".join(msgspec.msgpack.encode(record) for record in cloud.table.records.values())


def test_rsa(lab: Lab) -> None:
    made = lab.ec2.create_key_pair(KeyName="mine", TagSpecifications=tag_specification("key-pair", Name="k"))
    assert made["KeyMaterial"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    key = serialization.load_pem_private_key(made["KeyMaterial"].encode(), None)
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    assert made["KeyFingerprint"] == hashlib.sha1(der).digest().hex(":")
    assert made["Tags"] == [{"Key": "Name", "Value": "k"}]
    assert made["KeyMaterial"].splitlines()[5].encode() not in stored(lab.cloud)
    (shown,) = lab.ec2.describe_key_pairs(KeyNames=["mine"], IncludePublicKey=True)["KeyPairs"]
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    assert shown.pop("PublicKey") == f"{public.decode()} mine"
    assert shown.pop("CreateTime").timestamp() == lab.cloud.now
    assert shown == {
        "KeyPairId": made["KeyPairId"],
        "KeyName": "mine",
        "KeyFingerprint": made["KeyFingerprint"],
        "KeyType": "rsa",
        "Tags": made["Tags"],
    }


def test_ed25519_as_ssh_keygen_reads_it(lab: Lab, tmp_path: Path) -> None:
    made = lab.ec2.create_key_pair(KeyName="mine", KeyType="ed25519")
    file = tmp_path / "key"
    file.touch(mode=0o600)
    file.write_text(made["KeyMaterial"] + "\n")
    listed = subprocess.run(["ssh-keygen", "-lf", file], capture_output=True, text=True, check=True).stdout
    assert listed.split()[1] == "SHA256:" + made["KeyFingerprint"].rstrip("=")


def test_import_in_every_form(lab: Lab) -> None:
    pem = lab.ec2.create_key_pair(KeyName="source")["KeyMaterial"]
    public = serialization.load_pem_private_key(pem.encode(), None).public_key()
    openssh = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    der = public.public_bytes(serialization.Encoding.DER, spki)
    forms = [openssh, openssh + b" me@home", public.public_bytes(serialization.Encoding.PEM, spki), der]
    forms.append(base64.b64encode(der))
    for number, form in enumerate(forms):
        answer = lab.ec2.import_key_pair(KeyName=f"key{number}", PublicKeyMaterial=form)
        assert answer["KeyFingerprint"] == hashlib.md5(der).digest().hex(":")
        assert "KeyMaterial" not in answer
    shown = lab.ec2.describe_key_pairs(KeyNames=["key1"], IncludePublicKey=True)["KeyPairs"]
    assert shown[0]["PublicKey"] == f"{openssh.decode()} key1"


@pytest.mark.parametrize("material", [b"cheese", b"ssh-rsa AAAA", b""])
def test_what_is_no_key(lab: Lab, material: bytes) -> None:
    refused("InvalidKey.Format", lab.ec2.import_key_pair, KeyName="mine", PublicKeyMaterial=material)


def test_refused(lab: Lab) -> None:
    create = lab.ec2.create_key_pair
    create(KeyName="mine", KeyType="ed25519")
    refused("InvalidKeyPair.Duplicate", create, KeyName="mine")
    refused("InvalidParameterValue", create, KeyName="two", KeyType="dsa")
    refused("InvalidParameterValue", create, KeyName="two", KeyFormat="jks")
    refused("UnsupportedOperation", create, KeyName="two", KeyFormat="ppk")
    refused("InvalidParameterValue", create, KeyName="x" * 256)
    refused("DryRunOperation", create, KeyName="two", KeyType="ed25519", DryRun=True)
    assert [one["KeyName"] for one in lab.ec2.describe_key_pairs()["KeyPairs"]] == ["mine"]


def test_delete_by_name_and_by_id(lab: Lab) -> None:
    create, delete = lab.ec2.create_key_pair, lab.ec2.delete_key_pair
    first = create(KeyName="one", KeyType="ed25519")["KeyPairId"]
    second = create(KeyName="two", KeyType="ed25519")["KeyPairId"]
    assert delete(KeyName="one")["KeyPairId"] == first
    assert delete(KeyPairId=second)["KeyPairId"] == second
    assert delete(KeyName="one")["Return"] is True
    refused("MissingParameter", delete)
    assert lab.ec2.describe_key_pairs()["KeyPairs"] == []


def test_an_id_and_a_name_must_be_of_one_key(lab: Lab) -> None:
    create, delete = lab.ec2.create_key_pair, lab.ec2.delete_key_pair
    first = create(KeyName="one", KeyType="ed25519")["KeyPairId"]
    create(KeyName="two", KeyType="ed25519")
    for name, id_ in (("two", first), ("three", first), ("two", "key-0123456789abcdef0")):
        refused("InvalidParameterCombination", delete, KeyName=name, KeyPairId=id_)
    assert delete(KeyName="one", KeyPairId=first)["KeyPairId"] == first
    assert [one["KeyName"] for one in lab.ec2.describe_key_pairs()["KeyPairs"]] == ["two"]


def test_describe(lab: Lab) -> None:
    create, describe = lab.ec2.create_key_pair, lab.ec2.describe_key_pairs
    made = create(KeyName="one", KeyType="ed25519", TagSpecifications=tag_specification("key-pair", Name="a"))
    create(KeyName="two", KeyType="ed25519")
    for name, value in {
        "key-pair-id": made["KeyPairId"],
        "fingerprint": made["KeyFingerprint"],
        "key-name": "one",
        "tag:Name": "a",
        "tag-key": "Name",
    }.items():
        assert [one["KeyName"] for one in describe(Filters=named(name, value))["KeyPairs"]] == ["one"], name
    assert [one["KeyName"] for one in describe(KeyPairIds=[made["KeyPairId"]])["KeyPairs"]] == ["one"]
    assert "PublicKey" not in describe()["KeyPairs"][0]
    refused("InvalidKeyPair.NotFound", describe, KeyNames=["three"])
    refused("InvalidKeyPair.NotFound", describe, KeyPairIds=["key-0123456789abcdef0"])
    refused("InvalidParameterValue", describe, Filters=filters(colour="red"))
    lab.ec2.get_waiter("key_pair_exists").wait(KeyNames=["one"])


def test_the_quota(cloud: InProcess) -> None:
    ec2 = cloud.client()
    cloud.settings.limits["key-pairs-per-region"] = 1
    ec2.create_key_pair(KeyName="one", KeyType="ed25519")
    refused("KeyPairLimitExceeded", ec2.create_key_pair, KeyName="two", KeyType="ed25519")
    cloud.client(region="eu-west-1").create_key_pair(KeyName="two", KeyType="ed25519")
    ec2.delete_key_pair(KeyName="one")
    ec2.create_key_pair(KeyName="two", KeyType="ed25519")
