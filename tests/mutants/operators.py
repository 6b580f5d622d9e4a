"""Bugs of one character: every way to change a source a little, one change at a time."""

import ast
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass

COMPARISONS: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
SQL = (
    (r" <> ", " = "),
    (r"(?<=\w) = (?=\w)", " <> "),
    (r" \+ ", " - "),
    (r"(?<=\w) - (?=\w)", " + "),
    (r" < ", " <= "),
    (r" >= ", " > "),
    (r"\bnot exists\b", "exists"),
    (r"\bif not found\b", "if found"),
    (r"\bis not null\b", "is null"),
    (r"(?<!is )\bnull\b(?! or)", "0"),
    (r" or ", " and "),
    (r" and ", " or "),
    (r"\bbetween 1 and\b", "between 0 and"),
    (r"\bfor no key update\b", ""),
    (r"-amount\b", "amount"),
    (r"'held'", "'settled'"),
    (r"\bbefore update or delete\b", "before delete"),
    (r"\bperform settle_hold\(.*?\);", "null;"),
    (r"\braise exception\b", "raise notice"),
    (r" on conflict \(op_key\) do nothing", ""),
)
"""Patterns of the ledger's SQL and what they become."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: where, what it was and is, and the whole source with it."""

    line: int
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"


def of_sql(source: str) -> Iterator[Mutant]:
    lines = source.split("\n")
    for number, line in enumerate(lines):
        code = line.split("--")[0]
        for pattern, after in SQL:
            for found in re.finditer(pattern, code):
                changed = code[: found.start()] + after + code[found.end() :]
                mutated = [*lines[:number], changed, *lines[number + 1 :]]
                yield Mutant(number + 1, code.strip(), changed.strip(), "\n".join(mutated))


def of_python(source: str) -> Iterator[Mutant]:
    """Comparisons, arithmetic, and/or/not, numbers, min and max, and statements left out."""
    tree = ast.parse(source)
    spared = _spared(tree)
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in spared:
            continue
        for variant in range(_variants(node)):
            copy = deepcopy(tree)
            twin = next(one for number, one in enumerate(ast.walk(copy)) if number == index)
            before = ast.unparse(node)
            _change(twin, variant)
            after = ast.unparse(twin)
            if after != before:
                mutated = ast.unparse(ast.fix_missing_locations(copy))
                yield Mutant(node.lineno, _short(before), _short(after), mutated)


def _spared(tree: ast.AST) -> set[int]:
    """What is no behaviour: decorators, and what a refusal or an assertion says."""
    words: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            words += node.decorator_list
        if isinstance(node, ast.JoinedStr):
            words.append(node)
    return {id(inner) for word in words for inner in ast.walk(word)}


def _variants(node: ast.AST) -> int:  # noqa: PLR0911 - one a kind of node
    """How many ways there are to change this node."""
    match node:
        case ast.Compare():
            return len(node.ops)
        case ast.BinOp(op=op) if type(op) in ARITHMETIC:
            return int(not _is_text(node) and not _is_annotation(node))
        case ast.Call(func=ast.Name(id=name)):
            return int(name in NAMES)
        case ast.Constant(value=value):
            return int(isinstance(value, int))
        case ast.UnaryOp(op=op):
            return int(isinstance(op, ast.Not | ast.USub))
        case ast.Expr(value=value):
            return int(isinstance(value, ast.Call))
    return int(
        isinstance(node, ast.BoolOp | ast.IfExp | ast.If | ast.Continue | ast.Break | ast.Raise)
    )


def _is_text(node: ast.BinOp) -> bool:
    return isinstance(node.left, ast.Constant | ast.JoinedStr) and not isinstance(
        getattr(node.left, "value", None), int
    )


def _is_annotation(node: ast.BinOp) -> bool:
    """`str | None`, in an annotation."""
    none = isinstance(node.right, ast.Constant) and node.right.value is None
    return isinstance(node.op, ast.BitOr) and none


def _change(node: ast.AST, variant: int) -> None:
    match node:
        case ast.Compare():
            node.ops[variant] = COMPARISONS[type(node.ops[variant])]()
        case ast.BinOp():
            node.op = ARITHMETIC[type(node.op)]()
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.IfExp():
            node.body, node.orelse = node.orelse, node.body
        case ast.If():
            node.test = ast.UnaryOp(ast.Not(), node.test)
        case ast.UnaryOp():
            # Without its sign, or twice denied.
            node.op, node.operand = (
                (ast.UAdd(), node.operand)
                if isinstance(node.op, ast.USub)
                else (ast.Not(), ast.UnaryOp(ast.Not(), node.operand))
            )
        case ast.Constant():
            node.value = not node.value if isinstance(node.value, bool) else node.value + 1
        case ast.Call(func=ast.Name(id=name)):
            node.func = ast.Name(NAMES[name], ast.Load())
        case ast.Expr() | ast.Raise() | ast.Continue() | ast.Break():
            _leave_out(node)


def _leave_out(node: ast.AST) -> None:
    """The statement becomes one that does nothing."""
    node.__class__ = ast.Expr
    node.__dict__["value"] = ast.Constant(...)


def _short(code: str) -> str:
    return " ".join(code.split())[:90]
