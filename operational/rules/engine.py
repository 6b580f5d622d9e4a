"""Evaluation of decision tables: same content and facts, same outcome and trace, always.

Content is JSON Decision Model as zen-engine 2 reads it. The engine counts in exact decimals, but
hands fractions back as floats, and its functions can ask for chance or the clock. So facts and
outcomes hold no floats (a fraction is written as text and compared by ``number($)``), and content
that calls such a function is refused.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import zen

from operational.rules.errors import FactsInvalid, NoRowApplies, TableInvalid

_ENGINE = zen.ZenEngine()

_TABLE = "decisionTableNode"
_NODES = frozenset({"inputNode", "outputNode", "expressionNode", _TABLE})
"""The other kinds run code or call out, and could answer the same facts differently."""
_UNSTEADY = re.compile(r"\b(rand|d|date|time)\s*\(")
_MARKS = frozenset({"_id", "_description"})


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a table said: `outcome` as its outputs name it, `trace` with the rows that matched."""

    outcome: dict[str, Any]
    trace: dict[str, Any]


def canonical(content: Mapping[str, Any]) -> str:
    """The one text of a table: its hash names it."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256(content: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(canonical(content).encode()).digest()


def evaluate(content: Mapping[str, Any], facts: Mapping[str, Any]) -> Evaluation:
    """Decide `facts` by one table.

    Raises:
        FactsInvalid: a fact is missing, None or a float. A comparison with nothing matches no
            row, so a missing fact would quietly wave a case through.
        NoRowApplies: the outcome is empty.
        TableInvalid: the table cannot be run, or puts out a fraction as a number.
    """
    return prepare(content).evaluate(facts)


class Prepared:
    """One table made ready to decide many times."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content
        self._asked = asked_facts(content)
        self._decision = _ENGINE.create_decision(canonical(content))

    def evaluate(self, facts: Mapping[str, Any]) -> Evaluation:
        """See `evaluate`."""
        answer = self._answer(facts, is_traced=True)
        steps = list(_steps(self._content, answer["trace"]))
        return Evaluation(_exact(answer["result"]), {"steps": steps})

    def outcome(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The same without the trace. Raises what `evaluate` does."""
        found: dict[str, Any] = _exact(self._answer(facts, is_traced=False)["result"])
        return found

    def _answer(self, facts: Mapping[str, Any], *, is_traced: bool) -> Mapping[str, Any]:
        missing = [name for name in self._asked if not _is_known(name, facts)]
        if missing:
            raise FactsInvalid(f"facts are missing: {', '.join(sorted(missing))}")
        for name, value in facts.items():
            _check_fact(name, value)
        try:
            answer = self._decision.evaluate(dict(facts), {"trace": is_traced})
        except RuntimeError as error:
            raise TableInvalid(f"the table cannot be run: {str(error)[:200]}") from None
        if not answer["result"]:
            raise NoRowApplies("no row of the table applies to these facts")
        return answer


def prepare(content: Mapping[str, Any]) -> Prepared:
    """One table, ready. A content met before is not read again."""
    return _prepared(canonical(content))


def check(content: Mapping[str, Any]) -> None:
    """Refuse content that is no steady decision table.

    Raises:
        TableInvalid: names the cell or node at fault.
    """
    nodes = content.get("nodes")
    if not isinstance(nodes, list) or not any(_kind(node) == _TABLE for node in nodes):
        raise TableInvalid("the content holds no decision table")
    for node in nodes:
        if _kind(node) not in _NODES:
            raise TableInvalid(f"a node of type {_kind(node)!r} is not allowed here")
        for place, cell, is_test in _cells(node):
            _check_cell(place, cell, is_test=is_test)
    try:
        _ENGINE.create_decision(canonical(content)).validate()
    except (RuntimeError, ValueError) as error:
        raise TableInvalid(f"the table cannot be read: {str(error)[:200]}") from None


def asked_facts(content: Mapping[str, Any]) -> frozenset[str]:
    """The facts that the tables look at, by their first name; of a list, ``psps[].health``.

    A table may be asked for each one of a list of facts, and look at what an earlier one put out.
    """
    asked, made = set[str](), set[str]()
    for node in content["nodes"]:
        if _kind(node) == _TABLE:
            fields = {column["field"].split(".")[0] for column in _named(node, "inputs")}
            asked |= {_within(node, name) for name in fields}
            made |= {_within(node, column["field"]) for column in _named(node, "outputs")}
    return frozenset(asked - made)


def _named(node: Mapping[str, Any], side: str) -> list[Mapping[str, Any]]:
    return [column for column in node["content"][side] if column.get("field")]


def _within(node: Mapping[str, Any], name: str) -> str:
    is_loop = node["content"].get("executionMode") == "loop"
    return f"{node['content']['inputField']}[].{name}" if is_loop else name


def _is_known(name: str, facts: Mapping[str, Any]) -> bool:
    several, _, one = name.partition("[].")
    return several in facts and (not one or all(one in each for each in facts[several]))


@lru_cache(maxsize=64)
def _prepared(content: str) -> Prepared:
    return Prepared(json.loads(content))


def _kind(node: Any) -> str:
    return str(node.get("type", "")) if isinstance(node, dict) else ""


def _cells(node: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Every expression of a node: where it stands, what it says, whether it is a column's test."""
    content = node.get("content", {})
    if _kind(node) == "expressionNode":
        for expression in content.get("expressions", []):
            yield f"{node.get('name')}/{expression.get('key')}", expression.get("value", ""), False
    elif _kind(node) == _TABLE:
        tests = {column["id"] for column in content.get("inputs", []) if column.get("field")}
        known = tests | {column["id"] for side in ("inputs", "outputs") for column in content[side]}
        for row in content.get("rules", []):
            for column, cell in row.items():
                place = f"row {row.get('_id')}, column {column}"
                if column not in known | _MARKS:
                    raise TableInvalid(f"{place}: there is no such column")
                if column in known and cell:
                    yield place, cell, column in tests


def _check_cell(place: str, cell: str, *, is_test: bool) -> None:
    if _UNSTEADY.search(cell):
        raise TableInvalid(f"{place}: chance and the clock have no say in a decision")
    try:
        (zen.compile_unary_expression if is_test else zen.compile_expression)(cell)
    except RuntimeError as error:
        # A bad cell would not fail at run time: it would just never match.
        raise TableInvalid(f"{place}: {cell!r} cannot be read: {str(error)[:120]}") from None


def _check_fact(name: str, value: Any) -> None:
    match value:
        case None | float():
            raise FactsInvalid(
                f"fact {name} is {value!r}; write a fraction as text, name the unknown"
            )
        case dict():
            for key, part in value.items():
                _check_fact(f"{name}.{key}", part)
        case list():
            for part in value:
                _check_fact(name, part)
        case str() | int():
            return
        case _:
            raise FactsInvalid(f"fact {name} has no JSON form: {type(value).__name__}")


def _exact(value: Any) -> Any:
    match value:
        case dict():
            return {key: _exact(part) for key, part in value.items()}
        case list():
            return [_exact(part) for part in value]
        case float():
            raise TableInvalid(f"the table puts out {value!r}; write a fraction as text")
        case _:
            return value


def _steps(content: Mapping[str, Any], trace: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The tables passed, in order: which rows matched, on what they looked. No timings, they vary."""
    tables = {node["id"] for node in content["nodes"] if _kind(node) == _TABLE}
    for step in sorted(trace.values(), key=lambda step: int(step["order"])):
        if step["id"] in tables:
            found = step["traceData"]
            rows = found if isinstance(found, list) else [found]
            yield {"table": step["name"], "rows": [_row(row) for row in rows if row]}


def _row(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"index": found["index"], "rule": found["rule"], "saw": found["reference_map"]}
