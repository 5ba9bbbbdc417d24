"""What must hold for the answer to any request at all."""

import json
from collections.abc import Mapping
from xml.etree import ElementTree

PLAIN = ("/moto-api/reset", "/_atoll/health")


def fault(status: int, headers: Mapping[str, str], body: bytes) -> str | None:
    """What is wrong with an answer; None if nothing is."""
    if not 200 <= status < 500 or 300 <= status < 400:
        return f"status {status}"
    kind = headers.get("content-type", "")
    try:
        if "json" in kind:
            told = json.loads(body)
            code = str(told.get("__type", ""))
        elif "xml" in kind:
            code = _code(ElementTree.fromstring(body))
        elif "cbor" in kind:
            return None if body else "an empty answer"
        else:
            return f"content type {kind!r}"
    except (ValueError, ElementTree.ParseError) as error:
        return f"cannot be read: {error}"
    if code in ("InternalFailure", "InternalError"):
        return code
    if status >= 400 and not code and "/_atoll" not in kind:
        return "an error without a code"
    return None


def _code(root: ElementTree.Element) -> str:
    return next((one.text or "" for one in root.iter() if one.tag.rpartition("}")[2] == "Code"), "")


def code_of(headers: Mapping[str, str], body: bytes) -> str:
    """The error code of an answer, or nothing."""
    if "json" in headers.get("content-type", ""):
        return str(json.loads(body).get("__type", ""))
    return _code(ElementTree.fromstring(body)) if body[:1] == b"<" else ""
