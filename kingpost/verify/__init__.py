"""`kingpost verify`: is what we hold consistent? Every finding is one sentence that names the row."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kingpost.verify import books, lake
from operational.audit import commands as audit
from operational.audit.verify import Report as AuditReport
from operational.audit.verify import verify_folder
from operational.kit.settings import Settings


@dataclass
class Report:
    """What was looked at and what is wrong, as sentences."""

    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not self.findings

    @property
    def lines(self) -> list[str]:
        return [*self.findings, *self.notes]


def run(settings: Settings, only: str | None = None) -> Report:
    """Check ledger, audit log and lake, or one of them."""
    report = Report()
    for name, check in CHECKS.items():
        if only in (None, name):
            found = check(settings)
            report.findings += found.findings
            report.notes += found.notes
    return report


def exported(folder: Path, key: Path, checkpoints: Path | None) -> Report:
    """Check an exported audit log with nothing but its public key and the checkpoints kept outside."""
    return _of_audit(verify_folder(folder, key, checkpoints))


def _ledger(settings: Settings) -> Report:
    found = books.verify(settings)
    verdict = _verdict(
        "Ledger", found.findings, f"{found.journals} journals, {found.entries} entries"
    )
    return Report(found.findings, [verdict])


def _audit(settings: Settings) -> Report:
    return _of_audit(audit.verify_log(settings))


def _of_audit(found: AuditReport) -> Report:
    return Report(list(map(str, found.findings)), found.lines()[len(found.findings) :])


def _lake(settings: Settings) -> Report:
    found = lake.verify(settings)
    return Report(found.findings, [_verdict("Lake", found.findings, found.looked_at)])


def _verdict(what: str, findings: list[str], looked_at: str) -> str:
    if not findings:
        return f"{what} intact: {looked_at}."
    return f"{what} NOT intact: {len(findings)} findings in {looked_at}."


CHECKS: dict[str, Callable[[Settings], Report]] = {
    "ledger": _ledger,
    "audit": _audit,
    "lake": _lake,
}
