"""How a mart is made, as a picture."""

from collections.abc import Iterable

from lake.lineage import Step


def flow(steps: Iterable[Step]) -> str:
    """A Mermaid diagram from what arrived, on the left, to the mart."""
    steps = list(steps)
    # A name may break only between its parts.
    boxes = [f'    {step.name}["{step.name.replace("__", ": ")}"]' for step in steps]
    arrows = [f"    {parent} --> {step.name}" for step in steps for parent in step.made_of]
    return "\n".join(["flowchart LR", *boxes, *arrows])
