"""Small tables to decide by, and the people who may change them."""

from typing import Any

from operational.kit.actor import Actor

ANN = Actor(id="00000000-0000-7000-8000-000000000001", name="Ann", roles=frozenset({"compliance"}))
BEN = Actor(id="00000000-0000-7000-8000-000000000002", name="Ben", roles=frozenset({"finance"}))
SUE = Actor(id="00000000-0000-7000-8000-000000000003", name="Sue", roles=frozenset({"support"}))


def table(
    *rows: dict[str, str], kind: str = "decisionTableNode", policy: str = "first"
) -> dict[str, Any]:
    """A table that looks at `amount` (text) and `country`, and puts out `verdict`."""
    return {
        "nodes": [
            {"id": "in", "type": "inputNode", "name": "Facts", "position": {"x": 0, "y": 0}},
            {
                "id": "t",
                "type": kind,
                "name": "Limits",
                "position": {"x": 0, "y": 0},
                "content": {
                    "hitPolicy": policy,
                    "inputs": [
                        {"id": "amount", "name": "Amount", "field": "amount"},
                        {"id": "country", "name": "Country", "field": "country"},
                    ],
                    "outputs": [{"id": "verdict", "name": "Verdict", "field": "verdict"}],
                    "rules": list(rows),
                },
            },
            {"id": "out", "type": "outputNode", "name": "Outcome", "position": {"x": 0, "y": 0}},
        ],
        "edges": [
            {"id": "a", "sourceId": "in", "targetId": "t", "type": "edge"},
            {"id": "b", "sourceId": "t", "targetId": "out", "type": "edge"},
        ],
    }


def limit(amount: str) -> dict[str, Any]:
    """Small amounts pass, the others are reviewed."""
    return table(
        {"_id": "small", "amount": f"number($) <= {amount}", "verdict": "'approve'"},
        {"_id": "rest", "verdict": "'review'"},
    )
