"""What can be made wrong in a module: every mutant changes one place of one function.

A mutant is applied to the living function, by the code of a module that was compiled with the error in it: so nothing
is written to disk, and whoever has imported the function has it too.
"""

import ast
import copy
import functools
import importlib
import inspect
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import NamedTuple

SWAPPED_NAMES = {
    name: other
    for one, two in (
        ("source", "destination"),
        ("source_port", "destination_port"),
        ("low", "high"),
        ("any", "all"),
        ("min", "max"),
        ("IN", "OUT"),
        ("TCP", "UDP"),
        ("inside", "outside"),
        ("arrive_a", "arrive_b"),
        ("forward", "back"),
        ("sender", "receiver"),
        ("allow", "ordered"),
    )
    for name, other in ((one, two), (two, one))
}
"""Names that mean the opposite ends or senses of a thing."""

SWAPPED_OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}

Change = Callable[[ast.AST], ast.AST]


class Mutant(NamedTuple):
    """`place`: the number of the node in its module; `change`: which of the node's changes.

    `words`: what is changed, and in which line.
    """

    module: str
    function: str
    line: int
    place: int
    change: int
    words: str

    @property
    def name(self) -> str:
        """What it is called wherever it stands in its module."""
        return f"{self.module} {self.function}: {self.words}"

    def __str__(self) -> str:
        return f"{self.module}:{self.line} {self.function}: {self.words}"


def mutants(module: str) -> list[Mutant]:
    """All of a module's."""
    tree = _parsed(module)
    names, lines = _functions(tree), _source(module)[1].splitlines()
    found: list[Mutant] = []
    for place, node in enumerate(_nodes(tree)):
        for number, change in enumerate(_changes(node)):
            function = names.get(id(node))
            if function is not None:
                before = ast.unparse(node)
                after = ast.unparse(ast.fix_missing_locations(change(copy.deepcopy(node))))
                line = _line(node)
                words = f"{_short(before)}  ->  {_short(after)}  in  {lines[line - 1].strip()}"
                again = sum(one.function == function and one.words.startswith(words) for one in found)
                words += f"  ({again + 1})" if again else ""
                found.append(Mutant(module, function, line, place, number, words))
    return found


def sample(modules: Sequence[str], count: int, seed: int, of_one: int = 3) -> list[Mutant]:
    """So many of them, at most a few of one function."""
    rng = random.Random(seed)
    every = [one for module in modules for one in mutants(module)]
    rng.shuffle(every)
    taken: dict[tuple[str, str], int] = {}
    chosen: list[Mutant] = []
    for one in every:
        key = (one.module, one.function)
        if taken.get(key, 0) < of_one and len(chosen) < count:
            taken[key] = taken.get(key, 0) + 1
            chosen.append(one)
    return chosen


def apply(mutant: Mutant) -> bool:
    """Put the error into the living function; False where that cannot be done."""
    module = importlib.import_module(mutant.module)
    function = _living(module, mutant.function.split("."))
    code = _code(_compiled(mutant), mutant.function.split("."))
    if function is None or code is None or code.co_freevars != function.__code__.co_freevars:
        return False
    function.__code__ = code
    return True


@functools.cache
def _source(module: str) -> tuple[str, str]:
    found = inspect.getsourcefile(importlib.import_module(module))
    assert found is not None
    return found, Path(found).read_text()


def _parsed(module: str) -> ast.Module:
    return ast.parse(_source(module)[1])


def _compiled(mutant: Mutant) -> CodeType:
    tree = _parsed(mutant.module)
    node = list(_nodes(tree))[mutant.place]
    change = list(_changes(node))[mutant.change]
    _Replace(node, change).visit(tree)
    return compile(ast.fix_missing_locations(tree), _source(mutant.module)[0], "exec")


class _Replace(ast.NodeTransformer):
    def __init__(self, node: ast.AST, change: Change) -> None:
        self._node = node
        self._change = change

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self._node:
            return ast.copy_location(self._change(node), node)
        return self.generic_visit(node)


def _nodes(tree: ast.Module) -> Iterator[ast.AST]:
    """In one order, always; not what is only said of types, or in errors' words and assertions."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, ast.Assert | ast.Raise | ast.JoinedStr):
            continue
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list"):
                continue
            children = value if isinstance(value, list) else [value]
            todo += [one for one in reversed(children) if isinstance(one, ast.AST)]


def _functions(tree: ast.Module) -> dict[int, str]:
    """The outermost function that a node is in, by the node's identity."""
    found: dict[int, str] = {}

    def walk(node: ast.AST, path: tuple[str, ...], inside: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if inside:
                found[id(child)] = ".".join(path)
                walk(child, path, True)
            elif isinstance(child, ast.FunctionDef):
                walk(child, (*path, child.name), True)
            elif isinstance(child, ast.ClassDef):
                walk(child, (*path, child.name), False)

    walk(tree, (), False)
    return found


def _changes(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Compare(ops=[one]) if type(one) in SWAPPED_OPERATORS:
            yield lambda node: ast.Compare(node.left, [SWAPPED_OPERATORS[type(one)]()], node.comparators)  # type: ignore
        case ast.BoolOp() | ast.BinOp() if type(node.op) in SWAPPED_OPERATORS:
            yield _operator
        case ast.UnaryOp(op=ast.Not()):
            yield lambda node: node.operand  # type: ignore
        case ast.Constant(value=bool()):
            yield lambda node: ast.Constant(not node.value)  # type: ignore
        case ast.Constant(value=int()):
            yield lambda node: ast.Constant(node.value + 1)  # type: ignore
        case ast.Attribute(attr=name) if name in SWAPPED_NAMES:
            yield lambda node: ast.Attribute(node.value, SWAPPED_NAMES[name], node.ctx)  # type: ignore
        case ast.Name(id="any" | "all" | "min" | "max" as name, ctx=ast.Load()):
            yield lambda node: ast.Name(SWAPPED_NAMES[name], node.ctx)  # type: ignore
        case ast.comprehension(ifs=[_, *_]):
            yield lambda node: ast.comprehension(node.target, node.iter, node.ifs[1:], node.is_async)  # type: ignore
        case ast.If() | ast.IfExp():
            yield _test(False)
            yield _test(True)


def _operator(node: ast.AST) -> ast.AST:
    node.op = SWAPPED_OPERATORS[type(node.op)]()  # type: ignore[attr-defined]
    return node


def _test(value: bool) -> Change:
    def change(node: ast.AST) -> ast.AST:
        node.test = ast.Constant(value)  # type: ignore[attr-defined]
        return node

    return change


def _line(node: ast.AST) -> int:
    """Where it is, or where its first part is that is somewhere."""
    return next(int(one.lineno) for one in ast.walk(node) if hasattr(one, "lineno"))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 70 else f"{line[:67]}..."


def _living(module: ModuleType, path: list[str]) -> FunctionType | None:
    found: object = module
    for name in path:
        found = inspect.getattr_static(found, name, None)
    while found is not None and not isinstance(found, FunctionType):
        inner = getattr(found, "__func__", None) or getattr(found, "fget", None) or getattr(found, "func", None)
        found = inner or getattr(found, "__wrapped__", None)
    while found is not None and hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    return found if isinstance(found, FunctionType) else None


def _code(outer: CodeType, path: list[str]) -> CodeType | None:
    for name in path:
        inner = next((one for one in outer.co_consts if isinstance(one, CodeType) and one.co_name == name), None)
        if inner is None:
            return None
        outer = inner
    return outer
