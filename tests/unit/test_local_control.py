"""The control socket: where it is found."""

import socket
from pathlib import Path

import pytest

from atoll.local.control import NotRunningError, address, ask


@pytest.mark.parametrize("length", [1, 100, 200])
def test_a_socket_is_reached_by_a_path_of_any_length(tmp_path: Path, length: int) -> None:
    folder = tmp_path / ("d" * length)
    folder.mkdir()
    path = folder / "control"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        with address(path) as name:
            listener.bind(name)
        assert path.is_socket()
        listener.listen()
        with address(path) as name:
            client.connect(name)
        listener.accept()[0].close()


@pytest.mark.parametrize("length", [1, 200])
def test_where_there_is_no_folder_nothing_runs(tmp_path: Path, length: int) -> None:
    with pytest.raises(NotRunningError, match="Start it with: atoll up"):
        ask(tmp_path / ("d" * length) / "control", {"do": "status"})
