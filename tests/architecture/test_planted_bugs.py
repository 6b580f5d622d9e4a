"""Every property that promises most has bugs planted against it, by name, each shown to be noticed."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PLANTED = {
    "A1: a record changed, gone, added or moved is found": {
        "no length prefix": "audit/test_forgeries.py::test_a_verifier_with_a_planted_bug_lets_its_forgery_through",
        "tail not compared": "audit/test_forgeries.py::test_a_verifier_with_a_planted_bug_lets_its_forgery_through",
    },
    "D1: two at once never both pass a check": {
        "isolation lowered": "faults/test_races.py::test_without_its_guards_it_does_not",
    },
    "M4: kill -9 loses nothing and applies nothing twice": {
        "marked done before its effect": (
            "faults/test_kills.py::test_marking_a_callback_done_before_its_effect_loses_callbacks"
        ),
        "answer kept before its effect": (
            "faults/test_kills.py::test_keeping_an_answer_before_its_effect_promises_what_never_happens"
        ),
    },
    "P1: a pass killed anywhere and run again gives the same marts": {
        "append instead of replace": "pipelines/test_kills.py::test_a_planted_bug_is_noticed",
    },
    "P7: a reader never sees a half or old mart": {
        "reader not pinned": "pipelines/test_publish.py::test_a_reader_that_is_not_pinned_is_noticed",
    },
    "W1: any order and repetition of callbacks ends in one state": {
        "last writer wins": (
            "payments/test_any_order.py::test_a_status_that_is_whatever_was_said_last_depends_on_the_order"
        ),
    },
    "W5: a command leaves after its commit, in order, none skipped": {
        "number above the last seen": (
            "messaging/test_publishing.py::test_a_publisher_that_trusts_the_last_number_it_saw_loses_commands"
        ),
    },
}
"""Property, bug, and the test that plants it."""


@pytest.mark.parametrize(
    ("bug", "where"), [pair for bugs in PLANTED.values() for pair in bugs.items()]
)
def test_a_bug_is_planted_where_it_is_said_to_be(bug: str, where: str) -> None:
    file, test = where.split("::")

    assert re.search(rf"^def {test}\(", (ROOT / file).read_text(), re.MULTILINE), bug
