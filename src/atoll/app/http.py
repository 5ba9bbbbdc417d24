"""HTTP with limits, for the API and for metadata: what uvicorn's protocol leaves open to a client that never ends.

httptools keeps whatever a client sends until a header or the head of a request is whole, for as long as the client
likes. Here a head has a size and a time, a request has a size, and what is refused is refused in AWS's form. The time
of a body is the endpoint's (`PATIENCE`).
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from atoll.protocol import AwsError, error_body, headers

MOST_HEADERS = 500

WEB_SETTINGS: Mapping[str, Any] = {
    "loop": "asyncio",
    "lifespan": "off",
    "ws": "none",
    "access_log": False,
    "log_config": None,
    "server_header": False,
}
"""What all web servers here have in common, as uvicorn.Config takes it."""

QUIET = logging.getLogger("atoll.http")
QUIET.setLevel(logging.ERROR)  # each line of rubbish would be a line in the log


class PatientProtocol(HttpToolsProtocol):
    """One connection."""

    LARGEST_HEAD: ClassVar[int] = 64 * 1024
    LARGEST_REQUEST: ClassVar[int] = 64 * 1024 * 1024
    """Everything that a client sends for one request, the framing of chunks included."""

    PATIENCE: ClassVar[float] = 30.0
    """Seconds from the first byte of a head, or from the connection, to the end of the head."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = QUIET
        self._reading_head = True
        self._received = 0  # of the request that is being read
        self._arrived = 0  # at once, and of no request that has ended
        self._why = "The request is not HTTP."
        self._deadline: asyncio.TimerHandle | None = None
        self._all_heard = False  # the client will send no more, and waits

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client that connects and says nothing is waited for as long as one that stops in a head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """No timer outlives its connection."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count, then parse."""
        if self._reading_head and self._deadline is None:
            self._wait()
        self._received += len(data)
        self._arrived = len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._received > (self.LARGEST_HEAD if self._reading_head else self.LARGEST_REQUEST):
            self._refuse("RequestEntityTooLarge", "The request, or its head, is too large.", 413)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Who has asked all and half closes gets the answers; uvicorn would hang up. Half a request has none."""
        self._all_heard = self._is_answering()
        return self._all_heard

    def on_response_complete(self) -> None:
        """Nothing can follow what was asked before a half-close."""
        super().on_response_complete()
        if self._all_heard and not self._is_answering():
            self.transport.close()

    def _is_answering(self) -> bool:
        last = self.cycle
        return last is not None and not last.response_complete and not last.more_body

    def on_message_begin(self) -> None:
        """A request begins."""
        self._received = self._arrived
        self._reading_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer."""
        if len(self.headers) >= MOST_HEADERS:
            self._why = f"The request has more than {MOST_HEADERS} headers."
            raise ValueError(self._why)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole: the endpoint's time begins."""
        self._wait_no_more()
        self._reading_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """What comes next is another request's head; keep-alive has a time of its own until it begins."""
        super().on_message_complete()
        self._received = self._arrived = 0
        self._reading_head = True

    def send_400_response(self, msg: str) -> None:
        """Instead of uvicorn's plain text."""
        del msg
        self._refuse("BadRequest", self._why, 400)

    def refusal(self, error: AwsError) -> tuple[Mapping[str, str], bytes]:
        """What is said to whoever breaks a limit: headers and body."""
        return headers(""), error_body("query", error, "")

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(self.PATIENCE, self._too_late)

    def _wait_no_more(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        if not self.transport.is_closing():
            self._refuse("RequestTimeout", f"The request did not arrive within {self.PATIENCE:.0f} seconds.", 408)

    def _refuse(self, code: str, message: str, status: int) -> None:
        """Answer and close, unless an answer to an earlier request is on its way: then close alone."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            fields, body = self.refusal(AwsError(code, message, status))
            told = {**fields, "content-length": str(len(body)), "connection": "close"}
            lines = [f"HTTP/1.1 {status} {code}", *(f"{name}: {value}" for name, value in told.items())]
            self.transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        self.transport.close()
