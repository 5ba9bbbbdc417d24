"""The private authority: OpenSSL finds it, believes what it vouches for, and nothing else."""

import socket
import ssl
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest

from atoll.app.authority import NAMES, Authority, authority
from atoll.model.regions import REGIONS

NOW = 1_800_000_000.0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("state") / "tls", NOW)


def openssl(*words: str) -> str:
    return subprocess.run(["openssl", *words], capture_output=True, text=True, check=False).stdout


def trusted(made: Authority, folder: Path) -> Path:
    file = folder / "authority.pem"
    file.write_bytes(made.certificate)
    return file


def verified(made: Authority, folder: Path, name: str, *, at: float = NOW) -> bool:
    """As any client judges the server of that name, at that time."""
    how = ("-CAfile", str(trusted(made, folder)), "-verify_hostname", name, "-attime", f"{at:.0f}")
    return openssl("verify", *how, str(made.chain)) == f"{made.chain}: OK\n"


def test_the_names_of_every_region_are_vouched_for(made: Authority, tmp_path: Path) -> None:
    for name in ("sts.amazonaws.com", *(f"ec2.{region}.amazonaws.com" for region in REGIONS)):
        assert verified(made, tmp_path, name), name
    for name in ("example.com", "amazonaws.com", "ec2.mars-1.amazonaws.com", "a.ec2.us-east-1.amazonaws.com"):
        assert not verified(made, tmp_path, name), name


def test_it_is_good_for_years(made: Authority, tmp_path: Path) -> None:
    assert verified(made, tmp_path, "sts.amazonaws.com", at=NOW + 9 * 365 * 86_400)
    assert not verified(made, tmp_path, "sts.amazonaws.com", at=NOW + 11 * 365 * 86_400)


def test_it_vouches_for_amazonaws_alone_and_nobody_else_can_make_it_vouch(made: Authority, tmp_path: Path) -> None:
    shown = openssl("x509", "-noout", "-text", "-in", str(trusted(made, tmp_path)))
    assert "Permitted:" in shown
    assert "DNS:amazonaws.com" in shown
    assert "CA:TRUE, pathlen:0" in shown
    keys = [file for file in made.chain.parent.iterdir() if "PRIVATE KEY" in file.read_text()]
    assert keys == [made.chain]
    own = openssl("x509", "-noout", "-pubkey", "-in", str(made.chain))
    assert own == openssl("pkey", "-pubout", "-in", str(made.chain)), "the only key that is kept is the server's own"
    assert "CA:FALSE" in openssl("x509", "-noout", "-text", "-in", str(made.chain))


def test_openssl_finds_it_under_its_hash(made: Authority, tmp_path: Path) -> None:
    assert openssl("x509", "-noout", "-subject_hash", "-in", str(trusted(made, tmp_path))) == f"{made.hash}\n"


def test_it_is_kept_and_is_its_owners_alone(made: Authority) -> None:
    assert authority(made.chain.parent, NOW + 1) == made
    assert {stat.S_IMODE(file.stat().st_mode) for file in made.chain.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(made.chain.parent.stat().st_mode) == 0o700


def test_half_of_it_is_made_again(tmp_path: Path) -> None:
    first = authority(tmp_path / "tls", NOW)
    first.chain.unlink()
    second = authority(tmp_path / "tls", NOW)
    assert second.certificate != first.certificate
    assert verified(second, tmp_path, NAMES[1].replace("*", "ec2"))


def test_a_client_and_a_server_agree(tmp_path: Path) -> None:
    made = authority(tmp_path / "tls", time.time())
    ours, theirs = socket.socketpair()
    heard: list[bytes] = []

    def serve() -> None:
        with made.context().wrap_socket(theirs, server_side=True) as served:
            heard.append(served.recv(10))

    thread = threading.Thread(target=serve)
    thread.start()
    client = ssl.create_default_context(cadata=made.certificate.decode())
    with client.wrap_socket(ours, server_hostname="ssm.eu-west-1.amazonaws.com") as opened:
        opened.sendall(b"hello")
        thread.join(5)
    assert heard == [b"hello"]
