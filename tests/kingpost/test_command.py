"""The command itself."""

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from kingpost import first_day, home
from kingpost.cli import app
from kingpost.first_day import Story
from operational.kit.settings import Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "cli.md"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command over a home folder of the test's own; what it printed and its code."""
    monkeypatch.setenv("KINGPOST_HOME", str(tmp_path))

    def command(*words: str) -> tuple[str, int]:
        done = CliRunner().invoke(app, words, env={"COLUMNS": "1000"})
        return done.output, done.exit_code

    return command


def paths(command: Any, name: str) -> list[str]:
    """Every command as it is typed; a group only leads to others."""
    below = getattr(command, "commands", {})
    return [path for sub in below for path in paths(below[sub], f"{name} {sub}")] or [name]


def test_every_command_is_documented() -> None:
    commands = paths(typer.main.get_command(app), "kingpost")

    text = DOCUMENT.read_text()

    assert len(commands) > 10
    assert [command for command in commands if f"`{command}`" not in text] == []


def test_a_folder_that_was_never_a_home_is_not_deleted(run, tmp_path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("dear all")

    said, code = run("reset", "--yes")

    assert code == 1
    assert "was never a home folder of Kingpost" in said
    assert letter.exists()


def test_a_home_folder_is_forgotten_unless_a_hub_runs_there(run, tmp_path) -> None:
    with home.alone(tmp_path):
        home.note(Settings(), [])
        said, code = run("reset", "--yes")
        assert code == 1
        assert "Kingpost already runs in" in said

    assert run("reset", "--yes") == ("", 0)
    assert not tmp_path.exists()


def test_the_story_is_not_told_beside_a_running_hub(run, tmp_path) -> None:
    with home.alone(tmp_path):
        said, code = run("demo")

    assert code == 1
    assert "Kingpost already runs in" in said


def test_a_part_that_does_not_exist_cannot_be_left_out(run) -> None:
    said, code = run("up", "--without", "cook")

    assert code == 1
    assert "There is no part cook. Parts: stripe, adyen" in said


def test_a_hub_goes_on_with_the_story_its_books_were_begun_with(tmp_path) -> None:
    settings, short = Settings(home=tmp_path), Story(clients=20, days=5)
    unsaid = {"clients": None, "days": None, "seed": None}
    assert first_day.chosen(settings, **unsaid) == Story()

    first_day._note(settings, short, is_told=True)

    assert first_day.chosen(settings, **unsaid) == short
    assert first_day.is_told(settings, short)
    assert first_day.chosen(settings, **unsaid | {"clients": 40}) == Story(clients=40)


def test_without_a_name_the_benchmarks_are_listed(run) -> None:
    said, code = run("bench")

    assert code == 0
    assert "callbacks" in said


def test_a_first_refresh_that_fails_does_not_keep_the_hub_down(tmp_path) -> None:
    settings = Settings(home=tmp_path)
    broken = settings.environment() | {"KINGPOST_API_PORT": "none"}

    assert first_day.publish(settings, broken) is False
