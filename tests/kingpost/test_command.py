"""The command itself."""

from pathlib import Path
from typing import Any

import typer

from kingpost.cli import app

DOCUMENT = Path(__file__).parents[2] / "docs" / "cli.md"


def paths(command: Any, name: str) -> list[str]:
    """Every command as it is typed; a group only leads to others."""
    below = getattr(command, "commands", {})
    return [path for sub in below for path in paths(below[sub], f"{name} {sub}")] or [name]


def test_every_command_is_documented() -> None:
    commands = paths(typer.main.get_command(app), "kingpost")

    text = DOCUMENT.read_text()

    assert len(commands) > 10
    assert [command for command in commands if f"`{command}`" not in text] == []
