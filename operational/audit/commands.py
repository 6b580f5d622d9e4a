"""What `kingpost export` and `kingpost verify audit` do."""

from pathlib import Path
from tempfile import TemporaryDirectory

from operational.audit import keys, outside, queries
from operational.audit.export import export
from operational.audit.rows import Finding
from operational.audit.verify import Report, verify_folder
from operational.kit import db
from operational.kit.settings import Settings


def export_log(settings: Settings, folder: Path) -> int:
    """Export the hub's own log; return the number of events."""
    engine = db.engine(settings, db.EXTRACT, pool_size=1)
    with db.transaction(engine) as session:
        rows = export(session, folder)
    engine.dispose()
    return rows


def verify_log(settings: Settings) -> Report:
    """Export the hub's own log to a passing folder and verify it with the hub's own key and copy."""
    copy = outside.path(settings)
    with TemporaryDirectory(prefix="kingpost-audit-") as folder:
        export_log(settings, Path(folder))
        if not keys.public_path(settings).exists():
            return Report(
                [Finding(f"the sealer has never run: {keys.public_path(settings)} is missing")]
            )
        report = verify_folder(
            Path(folder), keys.public_path(settings), copy if copy.exists() else None
        )
    if report.checkpoints and not copy.exists():
        report.findings.append(Finding(f"the checkpoints kept outside are gone: {copy} is missing"))
    report.notes.extend(_waiting(settings))
    return report


def _waiting(settings: Settings) -> list[str]:
    engine = db.engine(settings, db.EXTRACT, pool_size=1)
    with db.transaction(engine) as session:
        waiting = queries.backlog(session)
    engine.dispose()
    if waiting.oldest_at is None:
        return []
    rows = "1 row waits" if waiting.rows == 1 else f"{waiting.rows} rows wait"
    return [f"{rows} for the sealer, the oldest since {waiting.oldest_at:%H:%M:%S} UTC."]
