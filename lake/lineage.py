"""What a mart is made of, as dbt wrote it down when it last built the lake of this home."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from operational.kit.settings import Settings

LAYERS = ("marts", "intermediate", "staging", "seeds", "raw")


@dataclass(frozen=True)
class Step:
    """One table or view on the way from what arrived to a mart."""

    name: str
    layer: str
    description: str
    made_of: tuple[str, ...]


def of(settings: Settings, mart: str) -> tuple[Step, ...]:
    """The mart and everything upstream of it, each once, by layer.

    Empty while dbt writes its manifest anew, or if it has not written one yet.
    """
    try:
        manifest = json.loads((settings.root / "dbt" / "target" / "manifest.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return ()
    nodes = manifest["nodes"] | manifest["sources"]
    found = {step.name: step for step in _upstream(nodes, f"model.kingpost.{mart}")}
    return tuple(
        sorted(found.values(), key=lambda step: (step.name != mart, LAYERS.index(step.layer)))
    )


def _upstream(nodes: dict[str, Any], node_id: str) -> Iterator[Step]:
    node = nodes[node_id]
    parents = node.get("depends_on", {}).get("nodes", ())
    yield Step(
        node["name"],
        node["schema"],
        node["description"],
        tuple(nodes[each]["name"] for each in parents),
    )
    for parent in parents:
        yield from _upstream(nodes, parent)
