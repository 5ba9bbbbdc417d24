"""The private authority behind AWS's names on Atoll's internet, made at the first start of a state folder.

It vouches for one certificate and its key is thrown away at once: nobody, who reads the state folder included, can
make another. It is constrained to amazonaws.com, so a guest that trusts it trusts it for nothing else.
"""

import contextlib
import hashlib
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from atoll.model.regions import REGIONS

DOMAIN = "amazonaws.com"
NAMES = (f"*.{DOMAIN}", *(f"*.{region}.{DOMAIN}" for region in REGIONS))
LIFE = timedelta(days=3650)
_SUBJECT = "atoll private authority"


class Authority(NamedTuple):
    """What guests trust, and what the server shows. Paths are in the state folder."""

    certificate: bytes
    """PEM, of the authority."""
    hash: str
    """By which OpenSSL finds it in a folder: the file's name without its number."""
    chain: Path
    """Key and certificate of the server, in one file that is its owner's alone."""

    def context(self) -> ssl.SSLContext:
        """For a server that shows the certificate."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.chain)
        return made


def authority(folder: Path, now: float) -> Authority:
    """The one that was made before, as long as its names are those of today; else a new one. `now` in seconds."""
    name = hashlib.sha256(" ".join(NAMES).encode()).hexdigest()[:16]
    root, chain = folder / f"{name}.authority.pem", folder / f"{name}.server.pem"
    if not (root.exists() and chain.exists()):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file, content in zip((chain, root), _made(datetime.fromtimestamp(now, UTC)), strict=True):
            _write(file, content)
    pem = root.read_bytes()
    return Authority(pem, _subject_hash(pem), chain)


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all."""
    draft = file.with_suffix(".draft")
    with contextlib.suppress(FileNotFoundError):
        draft.unlink()
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(content)
    draft.rename(file)


def _made(now: datetime) -> tuple[bytes, bytes]:
    """Key and certificate of the server; the authority's certificate."""
    from cryptography import x509  # late: it takes 50 ms, once in the life of a state folder
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, _SUBJECT)])
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, DOMAIN)])

    def certificate(whose: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        made = x509.CertificateBuilder(issuer, whose, public, x509.random_serial_number())
        dated = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + LIFE)
        identified = dated.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        by = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
        return identified.add_extension(by, critical=False)

    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
         "decipher_only", "crl_sign"), False,
    )  # fmt: skip
    root = (
        certificate(issuer, root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.NameConstraints([x509.DNSName(DOMAIN)], None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=False, key_cert_sign=True, **usage), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        certificate(subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in NAMES]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.KeyUsage(digital_signature=True, key_cert_sign=False, **usage), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return plain + leaf.public_bytes(pem), root.public_bytes(pem)


def _subject_hash(pem: bytes) -> str:
    """As `openssl x509 -subject_hash` tells: of the parts of the subject, which are in lower case already."""
    der = ssl.PEM_cert_to_DER_cert(pem.decode())
    text = _SUBJECT.encode()
    value = b"\x0c" + bytes([len(text)]) + text
    pair = b"\x06\x03\x55\x04\x03" + value
    part = b"\x31" + bytes([len(pair) + 2]) + b"\x30" + bytes([len(pair)]) + pair
    assert part in der, "the subject is written in another way"
    return f"{int.from_bytes(hashlib.sha1(part).digest()[:4], 'little'):08x}"
