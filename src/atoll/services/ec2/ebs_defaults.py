"""An account's defaults for the encryption of its volumes in a region: whether, and with which key."""

import hashlib
import re
import uuid

from msgspec.structs import replace

from atoll.model.kinds import EbsDefaults
from atoll.model.tx import Tx
from atoll.services.ec2.checks import invalid, unbuilt
from atoll.services.registry import Request, Response, operation

ALIAS = "alias/aws/ebs"
"""AWS's own key, which is the default until another one is chosen; also the name that Get... answers for it."""

KEY = re.compile(r"(?:arn:aws[\w-]*:kms:[a-z0-9-]+:\d{12}:key/)?(?P<id>[0-9a-f-]{36}|mrk-[0-9a-f]{32})\Z")


def _defaults(tx: Tx) -> EbsDefaults:
    return tx.get(EbsDefaults, tx.home) or EbsDefaults(home=tx.home)


def encrypts(tx: Tx) -> bool:
    """Whether every new volume is encrypted, whatever the call says [BC EnableEbsEncryptionByDefault]."""
    return _defaults(tx).encrypted


def key_arn(tx: Tx, named: str | None) -> str:
    """The ARN of the key that a call names by its id or ARN; of the default key where it names none."""
    if named is None:
        named = _defaults(tx).kms_key or _aws_key(tx.home)
    if "alias/" in named:
        raise unbuilt("A KMS key by its alias")
    if not KEY.match(named):
        raise invalid(named, "kmsKeyId", "Expecting the id or the ARN of a key.")
    return named if named.startswith("arn:") else f"arn:aws:kms:{tx.region}:{tx.account}:key/{named}"


def _aws_key(home: str) -> str:
    """The id of the key alias/aws/ebs: one per home, for ever."""
    return str(uuid.UUID(hashlib.sha256(f"aws/ebs/{home}".encode()).hexdigest()[:32]))


@operation("GetEbsEncryptionByDefault")
def get_ebs_encryption_by_default(tx: Tx, _request: Request) -> Response:
    """Off until it is chosen."""
    return {"EbsEncryptionByDefault": encrypts(tx)}


@operation("EnableEbsEncryptionByDefault")
def enable_ebs_encryption_by_default(tx: Tx, _request: Request) -> Response:
    """For volumes made from now on."""
    tx.put(replace(_defaults(tx), encrypted=True))
    return {"EbsEncryptionByDefault": True}


@operation("DisableEbsEncryptionByDefault")
def disable_ebs_encryption_by_default(tx: Tx, _request: Request) -> Response:
    """For volumes made from now on; those that are encrypted stay so."""
    tx.put(replace(_defaults(tx), encrypted=False))
    return {"EbsEncryptionByDefault": False}


@operation("GetEbsDefaultKmsKeyId")
def get_ebs_default_kms_key_id(tx: Tx, _request: Request) -> Response:
    """The key that was chosen, or the name of AWS's own."""
    return {"KmsKeyId": _defaults(tx).kms_key or ALIAS}


@operation("ModifyEbsDefaultKmsKeyId", "KmsKeyId")
def modify_ebs_default_kms_key_id(tx: Tx, request: Request) -> Response:
    """The key of volumes that are encrypted and name none. Whether it exists is not asked."""
    chosen = key_arn(tx, request["KmsKeyId"])
    tx.put(replace(_defaults(tx), kms_key=chosen))
    return {"KmsKeyId": chosen}


@operation("ResetEbsDefaultKmsKeyId")
def reset_ebs_default_kms_key_id(tx: Tx, _request: Request) -> Response:
    """Back to AWS's own."""
    tx.put(replace(_defaults(tx), kms_key=None))
    return {"KmsKeyId": ALIAS}
