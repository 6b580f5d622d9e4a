"""M12: do the tests notice one-character bugs? ``python -m tests.mutants.run [TARGET ...]``.

Each mutant runs in a process of its own, forked from one that has loaded what all need, with the
mutated source in the place of its file. It is killed if a test fails, or hangs. Survivors are listed
in docs/mutants.md with the reason why each is no bug; one that is not listed there fails the run.
"""

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import re
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

from tests.mutants.operators import Mutant, of_python, of_sql

ROOT = Path(__file__).parents[2]
LIST = ROOT / "docs" / "mutants.md"
SECONDS_MAX = 120
EXAMPLES_MAX = 100
KILLED_SHARE_MIN = 0.9

LEDGER = (
    "tests/ledger/test_holds.py",
    "tests/ledger/test_attacks.py",
    "tests/ledger/test_books_always_balance.py",
)
OPTIONS = ["-x", "-q", "-p", "no:cacheprovider", "--rootdir", str(ROOT)]
OPTIONS += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
OURS = ("api", "dashboards", "kingpost", "lake", "operational", "pipelines", "sandbox", "tests")
TARGETS: dict[str, tuple[str, ...]] = {
    "operational/kit/money.py": ("tests/kit/test_money.py",),
    "operational/payments/rules.py": (
        "tests/properties",
        "tests/payments/test_pieces.py",
        "tests/payments/test_deposits.py",
    ),
    "operational/partners/rules.py": (
        "tests/partners/test_plans.py",
        "tests/partners/test_tree.py",
    ),
    "operational/platforms/rules.py": ("tests/platforms/test_accounts.py",),
    "operational/migrations/sql/ledger.sql": LEDGER,
    "operational/access/four_eyes.py": ("tests/access/test_four_eyes.py",),
    "operational/access/matrix.py": ("tests/api/test_matrix.py",),
    "operational/access/masks.py": ("tests/api/test_masks.py",),
}
"""What is mutated, and the tests that must notice, the quickest first."""


@dataclass(frozen=True)
class Swapped(importlib.abc.MetaPathFinder, importlib.abc.SourceLoader):
    """Loads one module from a mutated source, and lets all others pass."""

    module: str
    path: Path
    source: str

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        if name != self.module:
            return None
        return importlib.util.spec_from_file_location(name, self.path, loader=self)

    def get_filename(self, _name: str) -> str:
        return str(self.path)

    def get_data(self, _path: str) -> bytes:
        return self.source.encode()

    def path_stats(self, _path: str) -> dict[str, float]:
        raise OSError("never cached")


def main(wanted: Sequence[str]) -> int:
    known, unknown = listed(), 0
    for target, tests in TARGETS.items():
        if wanted and target not in wanted:
            continue
        began, survivors, count = time.monotonic(), [], 0
        prepare(tests)
        if not survives(target, Mutant(0, "", "", (ROOT / target).read_text()), tests):
            say(f"{target}: its tests fail without any mutant")
            return 1
        for mutant in mutants(target):
            count += 1
            if not survives(target, mutant, tests):
                continue
            survivors.append(mutant)
            is_known = (target, str(mutant)) in known
            unknown += not is_known
            say(f"  survives{' as listed' if is_known else ''}: line {mutant.line}: {mutant}")
        share = 1 - len(survivors) / count
        unknown += share < KILLED_SHARE_MIN
        say(
            f"{target}: {count - len(survivors)} of {count} killed ({share:.1%}), {time.monotonic() - began:.0f} s"
        )
    return min(unknown, 1)


def mutants(target: str) -> Iterator[Mutant]:
    source = (ROOT / target).read_text()
    return of_sql(source) if target.endswith(".sql") else of_python(source)


def listed() -> set[tuple[str, str]]:
    """The survivors that docs/mutants.md gives a reason for: file and change."""
    found, file = set(), ""
    for line in LIST.read_text().splitlines():
        if heading := re.fullmatch(r"## `(.+)`", line):
            file = heading[1]
        elif row := re.fullmatch(r"\| `(.+?)` \| .+ \|", line):
            found.add((file, row[1].replace("\\|", "|")))
    return found


def prepare(tests: Sequence[str]) -> None:
    """Load what these tests load, once for all mutants; but nothing of ours, for a mutant would be late."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        silence()
        pytest.main([*OPTIONS, "--collect-only", *paths(tests)])
        names = [name for name in sys.modules if not name.startswith((*OURS, "__", "conftest"))]
        os.write(writer, " ".join(names).encode()[: 1024 * 1024])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        for name in told.read().split():
            with contextlib.suppress(ImportError, AttributeError):
                importlib.import_module(name)
    os.waitpid(child, 0)


def silence() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def paths(tests: Sequence[str]) -> list[str]:
    return [str(ROOT / test) for test in tests]


def survives(target: str, mutant: Mutant, tests: Sequence[str]) -> bool:
    child = os.fork()
    if child == 0:
        os.setpgrp()
        os._exit(examine(target, mutant, tests))
    deadline = time.monotonic() + SECONDS_MAX
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.01)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def examine(target: str, mutant: Mutant, tests: Sequence[str]) -> int:
    """Run the tests against the mutant; 0 if none of them noticed."""
    silence()
    path = ROOT / target
    if path.suffix == ".py":
        sys.meta_path.insert(0, Swapped(target[:-3].replace("/", "."), path, mutant.source))
    else:
        read = Path.read_text
        Path.read_text = lambda self, *a, **o: (  # type: ignore[method-assign]
            mutant.source if self.resolve() == path else read(self, *a, **o)
        )
    _hurry()
    return int(pytest.main([*OPTIONS, *paths(tests)]))


def _hurry() -> None:
    """A mutant that some hundred examples do not kill is to be killed by a better test; none is shrunk."""
    make = hypothesis.settings.__init__

    def fewer(
        self: hypothesis.settings, parent: hypothesis.settings | None = None, **given: object
    ) -> None:
        if "max_examples" in given:
            given["max_examples"] = min(int(str(given["max_examples"])), EXAMPLES_MAX)
        given["phases"] = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        make(self, parent, **given)

    hypothesis.settings.__init__ = fewer  # type: ignore[method-assign]


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
