"""The SOCKS proxy's port: chosen and bound in the host's network, before the world is entered."""

import socket

AUTOMATIC, NONE = -1, 0
LOOPBACK = "127.0.0.1"

DISTANCE = 10_000
"""Unless one is asked for: the API's port plus this, so that several Atolls that have different API ports do not meet,
and none takes a port near 4566 that another may want for its API."""


class SocksPortError(Exception):
    """There cannot be a proxy as it was asked for; the message says why and what to do."""


def listen(asked: int, api: int, *, network: bool) -> socket.socket | None:
    """The proxy's listening socket; None where there is to be none. `api`: the API's port."""
    if not network:
        if asked > 0:
            raise SocksPortError("--socks-port: without a network (--fabric none) there is nothing to lead to.")
        return None
    if asked == NONE:
        return None
    if asked == AUTOMATIC:
        return _bound(api + DISTANCE) or _bound(0)
    bound = _bound(asked)
    if bound is None:
        raise SocksPortError(
            f"{LOOPBACK}:{asked} cannot be listened on for the SOCKS proxy. Choose another: --socks-port N, 0 for none"
        )
    return bound


def _bound(port: int) -> socket.socket | None:
    if port > 0xFFFF:
        return None
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(128)
    except OSError:
        listener.close()
        return None
    return listener
