"""What the documents say must be so."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("api", "dashboards", "kingpost", "lake", "operational", "pipelines", "sandbox")
RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
VARIES = "…"


def quotes(page: Path) -> list[str]:
    """What a runbook's tables say that a person sees."""
    tables = re.findall(r"^\| you see \|.*\n\|[-|]+\n((?:\|.*\n)+)", page.read_text(), re.MULTILINE)
    cells = [row.split("|")[1] for table in tables for row in table.splitlines()]
    return [quote for cell in cells for quote in re.findall(r"`([^`]+)`", cell)]


def sentences() -> list[str]:
    """Every text in our code; what is filled in at run time stands as the sign for it."""
    return [
        re.sub(r"%s|\{[^}]*\}", VARIES, text)
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for text in texts(ast.parse(path.read_text()))
    ]


def texts(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [one.value if isinstance(one, ast.Constant) else VARIES for one in node.values]
            found.append("".join(map(str, parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
    return found


def test_a_runbook_quotes_only_what_the_hub_says() -> None:
    said = [sentence.lower() for sentence in sentences()]
    quoted = [(page.name, quote) for page in RUNBOOKS for quote in quotes(page)]

    invented = [
        (page, quote)
        for page, quote in quoted
        if not any(quote.lower() in sentence for sentence in said)
    ]

    assert len(quoted) > 20
    assert invented == []


@pytest.mark.parametrize("page", [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"])
def test_a_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", page.read_text())

    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_the_map_shows_folders_there_are() -> None:
    folders = re.findall(r"^\| `(\w+)/` \|", (ROOT / "README.md").read_text(), re.MULTILINE)

    assert set(PACKAGES) <= set(folders)
    assert [folder for folder in folders if not (ROOT / folder).is_dir()] == []
