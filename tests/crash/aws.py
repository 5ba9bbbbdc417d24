"""A thin client of the query APIs of EC2 and its like, which knows how far a call had come when it broke off."""

import http.client
import re
from collections.abc import Mapping
from xml.etree import ElementTree

REGION = "us-east-1"
VERSIONS = {"ec2": "2016-11-15", "elasticloadbalancing": "2015-12-01"}
"""By the name that a service's requests are signed with."""

_REQUEST_ID = re.compile(rb"<(request[Ii]d|RequestI[Dd])>[^<]*</\1>")


class RefusedError(Exception):
    """AWS's error: its code, and the message."""


class BrokenError(Exception):
    """The server went away. `sent`: the whole request had been written to it before."""

    def __init__(self, sent: bool) -> None:
        super().__init__("sent and not answered" if sent else "not sent")
        self.sent = sent


class Element:
    """An answer's element without its namespace."""

    def __init__(self, node: ElementTree.Element) -> None:
        self._node = node

    def text(self, path: str) -> str:
        """The text at "vpc/vpcId"; empty where there is none."""
        return self._node.findtext("/".join(f"{{*}}{name}" for name in path.split("/"))) or ""

    def all(self, path: str) -> "list[Element]":
        """The elements at "vpcSet/item"."""
        return [Element(one) for one in self._node.findall("/".join(f"{{*}}{name}" for name in path.split("/")))]


class Aws:
    """One account's connection."""

    def __init__(self, port: int, account: str) -> None:
        self._account = account
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def call(self, action: str, params: Mapping[str, str] | None = None, service: str = "ec2") -> Element:
        """One call's answer. RefusedError, BrokenError."""
        return Element(ElementTree.fromstring(self.answer(action, params, service)))

    def answer(self, action: str, params: Mapping[str, str] | None = None, service: str = "ec2") -> bytes:
        """The same as bytes, but for the request's id."""
        asked = {"Action": action, "Version": VERSIONS[service], **(params or {})}
        body = "&".join(f"{name}={value}" for name, value in asked.items())
        scope = f"{self._account}/20260101/{REGION}/{service}/aws4_request"
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        }
        sent = False
        try:
            self._http.request("POST", "/", body, headers)
            sent = True
            response = self._http.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._http.close()
            raise BrokenError(sent) from error
        if response.status != 200:
            found = ElementTree.fromstring(content)
            raise RefusedError(found.findtext(".//{*}Code"), found.findtext(".//{*}Message"))
        return _REQUEST_ID.sub(b"", content)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


def tagged(kind: str, name: str) -> dict[str, str]:
    """The parameters that give what is created its name."""
    start = "TagSpecification.1."
    return {f"{start}ResourceType": kind, f"{start}Tag.1.Key": "Name", f"{start}Tag.1.Value": name}
