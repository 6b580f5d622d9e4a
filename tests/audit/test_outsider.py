"""A4: somebody with an export, a public key and the checkpoints, and nothing of ours, can verify."""

import shutil
import subprocess
import sys
from pathlib import Path

from operational.audit import keys, outside
from operational.audit.commands import export_log
from tests.audit import sealing

PROGRAM = """
import sys
from pathlib import Path
from operational.audit.verify import verify_folder

folder = Path(sys.argv[1])
report = verify_folder(folder, folder / "key.pub", folder / "outside.jsonl")
print(*report.lines(), sep="\\n")
assert not {"sqlalchemy", "psycopg"} & sys.modules.keys()
"""


def test_an_outsider_verifies_without_the_database(database, tmp_path):
    folder = _handed_over(database, tmp_path / "handed over")

    assert _verified_elsewhere(folder) == "Audit log intact: 3 rows under 1 checkpoint.\n"


def test_an_outsider_finds_what_was_changed_in_the_export(database, tmp_path):
    folder = _handed_over(database, tmp_path / "handed over")
    events = folder / "events.jsonl"
    events.write_text(events.read_text().replace('"subject_id":"W-2"', '"subject_id":"W-9"'))

    assert "Row 2 (kyc:approve by Ann at 2026-03-02T09:00:00" in _verified_elsewhere(folder)


def _handed_over(database, folder: Path) -> Path:
    sealing.act_now(database.engine(), "W-1", "W-2", "W-3")
    sealing.seal(database)
    export_log(database.settings, folder)
    shutil.copy(keys.public_path(database.settings), folder / "key.pub")
    shutil.copy(outside.path(database.settings), folder / "outside.jsonl")
    return folder


def _verified_elsewhere(folder: Path) -> str:
    """In a process of its own, with an empty environment and no folder of ours."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)],
        env={},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
