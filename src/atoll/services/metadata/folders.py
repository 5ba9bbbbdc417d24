"""The tree as a value: folders of texts, and how AWS lists and finds what is in them."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Union

Node = Union["Folder", str, bytes]


class Folder(NamedTuple):
    """What has names below it. `listed`: how it is listed, where not by names with a slash behind folders."""

    entries: Mapping[str, Node]
    listed: Callable[[Mapping[str, Node]], str] | None = None


def find(root: Folder, path: Iterable[str]) -> str | bytes | None:
    """The text at a path, or the list of the folder there; None where nothing is.

    A slash at the end makes no difference: botocore asks for the availability zone with one.
    """
    node: Node = root
    for name in path:
        below = node.entries.get(name) if isinstance(node, Folder) else None
        if below is None:
            return None
        node = below
    return listing(node) if isinstance(node, Folder) else node


def listing(folder: Folder) -> str:
    """The names in it, one a line, without a line's end behind the last."""
    if folder.listed is not None:
        return folder.listed(folder.entries)
    return "\n".join(name + "/" * isinstance(folder.entries[name], Folder) for name in sorted(folder.entries))


def plain(entries: Mapping[str, Node]) -> str:
    """The names alone, in the order in which they were given."""
    return "\n".join(entries)
