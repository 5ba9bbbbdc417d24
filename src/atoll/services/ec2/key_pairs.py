"""Key pairs: create, import, delete, describe."""

from collections.abc import Mapping
from typing import Any

from atoll.model.kinds import KeyPair
from atoll.model.tx import Tx
from atoll.protocol.errors import AwsError
from atoll.services.ec2 import paths
from atoll.services.ec2.checks import invalid, missing, unbuilt
from atoll.services.ec2.describe import answer, candidates, select
from atoll.services.ec2.lookup import WORDS, need_all
from atoll.services.ec2.tags import on_creation, tags_of
from atoll.services.registry import Request, Response, operation

TYPES = ("rsa", "ed25519")
MAX_NAME = 255


def named(tx: Tx, name: str) -> KeyPair | None:
    """The key pair of that name in this account and region."""
    return tx.only(KeyPair, "place", f"{tx.home}/{name}")


def need_key(tx: Tx, name: str) -> KeyPair:
    """The key pair of that name; InvalidKeyPair.NotFound otherwise."""
    found = named(tx, name)
    if found is None:
        raise AwsError(WORDS[KeyPair].not_found, f"The key pair '{name}' does not exist")
    return found


def _make(request: Request) -> Mapping[str, Any]:
    """The keys themselves: an RSA pair takes 30 to 230 ms, for which no other call should wait."""
    type_ = request.get("KeyType") or "rsa"
    if type_ not in TYPES:
        return {}
    from atoll.services.ec2 import key_material  # loading cryptography takes longer than most calls

    return {"key": key_material.make(type_)}


@operation("CreateKeyPair", "KeyName KeyType KeyFormat TagSpecifications", prepare=_make)
def create_key_pair(tx: Tx, request: Request) -> Response:
    """The private half is in this answer and nowhere else."""
    type_ = request.get("KeyType") or "rsa"
    if type_ not in TYPES:
        raise invalid(type_, "keyType", f"Expecting one of {', '.join(TYPES)}.")
    form = request.get("KeyFormat") or "pem"
    if form not in ("pem", "ppk"):
        raise invalid(form, "keyFormat", "Expecting pem or ppk.")
    if form == "ppk":
        raise unbuilt("The key format ppk")
    name = _free_name(tx, request)
    made = tx.prepared["key"]
    pair = _put(tx, request, name, type_, made.fingerprint, made.public_key)
    return _summary(pair) | {"KeyMaterial": made.private_pem}


@operation("ImportKeyPair", "KeyName PublicKeyMaterial TagSpecifications")
def import_key_pair(tx: Tx, request: Request) -> Response:
    """A public key that was made elsewhere."""
    from atoll.services.ec2 import key_material

    name = _free_name(tx, request)
    read = key_material.read(request["PublicKeyMaterial"])
    if read is None:
        raise AwsError("InvalidKey.Format", "Key is not in valid OpenSSH public key format")
    return _summary(_put(tx, request, name, read.type, read.fingerprint, read.public_key))


def _free_name(tx: Tx, request: Request) -> str:
    name: str = request["KeyName"]
    if not name or len(name) > MAX_NAME or not name.isascii():
        raise invalid(name, "keyName", f"Expecting 1 to {MAX_NAME} ASCII characters.")
    if named(tx, name) is not None:
        raise AwsError("InvalidKeyPair.Duplicate", f"The keypair already exists: {name}")
    return name


def _put(tx: Tx, request: Request, name: str, type_: str, fingerprint: str, public_key: str) -> KeyPair:
    if tx.count(KeyPair, "home", tx.home) >= tx.limit("key-pairs-per-region"):
        raise AwsError("KeyPairLimitExceeded", "The maximum number of key pairs has been reached.")
    pair = KeyPair(
        home=tx.home,
        id=tx.new_id("key"),
        tags=on_creation(tx, request, "key-pair"),
        name=name,
        type=type_,
        fingerprint=fingerprint,
        public_key=public_key,
        created=tx.time,
    )
    tx.put(pair)
    return pair


def _summary(pair: KeyPair) -> dict[str, Any]:
    shape: dict[str, Any] = {"KeyPairId": pair.id, "KeyName": pair.name, "KeyFingerprint": pair.fingerprint}
    return shape | ({"Tags": tags_of(pair)} if pair.tags else {})


@operation("DeleteKeyPair", "KeyName KeyPairId")
def delete_key_pair(tx: Tx, request: Request) -> Response:
    """A name or id that is unknown is no error [BC]. Instances keep what they were launched with."""
    name, id_ = request.get("KeyName"), request.get("KeyPairId")
    if not name and not id_:
        raise missing("KeyName")
    pair = tx.own(KeyPair, id_) if id_ else named(tx, name or "")
    if name and pair != named(tx, name):
        raise AwsError(
            "InvalidParameterCombination", f"The key pair '{id_}' and the key pair '{name}' are not the same one."
        )
    if pair is None:
        return {"Return": True}
    tx.delete(pair)
    return {"Return": True, "KeyPairId": pair.id}


def _shape(_tx: Tx, pair: KeyPair) -> dict[str, Any]:
    return _summary(pair) | {"KeyType": pair.type, "CreateTime": pair.created, "Tags": tags_of(pair)}


FILTERS = paths.filters(_shape, {"key-pair-id": "KeyPairId", "fingerprint": "KeyFingerprint", "key-name": "KeyName"})


@operation("DescribeKeyPairs", "KeyNames KeyPairIds IncludePublicKey Filters")
def describe_key_pairs(tx: Tx, request: Request) -> Response:
    """There are no pages."""
    found = [need_key(tx, name) for name in dict.fromkeys(request.get("KeyNames") or ())]
    found += need_all(tx, KeyPair, request.get("KeyPairIds") or ())
    if not request.get("KeyNames") and not request.get("KeyPairIds"):
        found = candidates(tx, KeyPair, request, "KeyPairIds", {"key-name": "name", "key-pair-id": "id"})
    shown = select(tx, {pair.id: pair for pair in found}.values(), request, FILTERS)
    public = bool(request.get("IncludePublicKey"))
    return answer(
        "KeyPairs",
        [_shape(tx, pair) | ({"PublicKey": f"{pair.public_key} {pair.name}"} if public else {}) for pair in shown],
    )
