"""Keys themselves: made, read, and their fingerprints as AWS writes them [EC2UG verify-keys]."""

import base64
import hashlib
from typing import NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

RSA_BITS = 2048
RSA_SIZES = (1024, 2048, 4096)
"""The sizes that ImportKeyPair takes."""

PublicKey = rsa.RSAPublicKey | ed25519.Ed25519PublicKey


class Made(NamedTuple):
    """A key pair of which the private half is given away, not kept."""

    private_pem: str
    public_key: str  # OpenSSH's form, without a comment
    fingerprint: str


class Read(NamedTuple):
    """A public key that somebody brought."""

    type: str
    public_key: str
    fingerprint: str


def make(type_: str) -> Made:
    """A new key pair. RSA: PKCS#1 PEM and the SHA-1 of the private key; ED25519: OpenSSH's form and fingerprint."""
    if type_ == "ed25519":
        private = ed25519.Ed25519PrivateKey.generate()
        pem = _private(private, serialization.PrivateFormat.OpenSSH)
        return Made(pem, _openssh(private.public_key()), _openssh_fingerprint(private.public_key()))
    key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = _private(key, serialization.PrivateFormat.TraditionalOpenSSL)
    return Made(pem, _openssh(key.public_key()), _colons(hashlib.sha1(der, usedforsecurity=False).digest()))


def read(material: bytes) -> Read | None:
    """A public key in OpenSSH, PEM, DER or base64 of DER form; None if it is no RSA or ED25519 key."""
    key = _load(material.strip())
    if isinstance(key, ed25519.Ed25519PublicKey):
        return Read("ed25519", _openssh(key), _openssh_fingerprint(key))
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in RSA_SIZES:
        der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        return Read("rsa", _openssh(key), _colons(hashlib.md5(der, usedforsecurity=False).digest()))
    return None


def _load(material: bytes) -> object:
    readers = (
        serialization.load_ssh_public_key,
        serialization.load_pem_public_key,
        serialization.load_der_public_key,
        lambda text: serialization.load_der_public_key(base64.b64decode(text, validate=True)),
    )
    for reader in readers:
        try:
            return reader(material)
        except (ValueError, UnsupportedAlgorithm):
            continue
    return None


def _private(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, form: serialization.PrivateFormat) -> str:
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode().strip()


def _openssh(key: PublicKey) -> str:
    return key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()


def _openssh_fingerprint(key: PublicKey) -> str:
    return base64.b64encode(hashlib.sha256(base64.b64decode(_openssh(key).split()[1])).digest()).decode()


def _colons(digest: bytes) -> str:
    return digest.hex(":")
