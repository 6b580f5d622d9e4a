"""Breaks, what is decided about them, and daily reports over the wire. Amounts are text."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, computed_field

from api.schemas.money import amount_text
from operational.reconciliation.history import Proposal
from operational.reconciliation.states import Action, Reason

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=1000)]
LINES_MAX = 100


class BreakOut(BaseModel):
    """One break."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    reference: str
    leg: str
    kind: str
    counterpart: str
    our_reference: str | None
    external_reference: str | None
    currency: str
    expected_minor: int | None = Field(exclude=True)
    actual_minor: int | None = Field(exclude=True)
    difference_minor: int = Field(exclude=True)
    severity: str
    status: str
    owner_id: UUID | None
    occurred_at: datetime
    due_at: datetime
    deadline_at: datetime
    wait_until: datetime | None
    closed_at: datetime | None
    follows_id: UUID | None

    @computed_field
    def expected(self) -> str | None:
        return self._text(self.expected_minor)

    @computed_field
    def actual(self) -> str | None:
        return self._text(self.actual_minor)

    @computed_field
    def difference(self) -> str | None:
        return self._text(self.difference_minor)

    def _text(self, minor: int | None) -> str | None:
        return None if minor is None else amount_text(minor, self.currency)


class BreakEventOut(BaseModel):
    """One line of a break's history."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    verb: str
    actor_id: str
    note: str | None
    facts: dict[str, Any]
    at: datetime


class WholeBreakOut(BreakOut):
    """One break with both sides and its history."""

    details: dict[str, Any]
    history: list[BreakEventOut]


class BreakApprovalOut(BaseModel):
    """What one person asks about a break, and another decides."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    subject_id: str
    payload: dict[str, Any]
    maker_id: UUID
    checker_id: UUID | None
    status: str
    reason: str


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OwnerForm(_Form):
    """Whose the break shall be."""

    owner: UUID


class NoteForm(_Form):
    note: Note


class WaitForm(_Form):
    """Until when, and why."""

    until: date
    reason_code: Reason
    note: Note


class _EndForm(_Form):
    reason_code: Reason
    note: Note
    evidence_link: Annotated[
        str | None, StringConstraints(strip_whitespace=True, max_length=500)
    ] = None
    lines: list[Annotated[str, StringConstraints(max_length=500)]] = Field(
        default_factory=list, max_length=LINES_MAX
    )


class MatchForm(_EndForm):
    """Which lines are the other side."""

    def proposal(self) -> Proposal:
        return Proposal(
            Action.MATCH,
            self.reason_code,
            self.note,
            self.evidence_link or None,
            lines=tuple(self.lines),
        )


class AskForm(_EndForm):
    """How the break shall end, for a second person to agree to."""

    action: Literal["force_match", "adjust", "write_off", "void"]
    account: Annotated[str | None, StringConstraints(max_length=50)] = None

    def proposal(self) -> Proposal:
        return Proposal(
            Action(self.action),
            self.reason_code,
            self.note,
            self.evidence_link or None,
            account=self.account or None if self.action == "adjust" else None,
            lines=tuple(self.lines) if self.action == "force_match" else (),
        )


class EndPageForm(_EndForm):
    """The form on a break's page: by one person or by two, as its action says."""

    action: Literal["match", "force_match", "adjust", "write_off", "void"]
    account: str | None = None

    def proposal(self) -> Proposal:
        given = self.model_dump()
        if self.action == "match":
            del given["action"], given["account"]
            return MatchForm.model_validate(given).proposal()
        return AskForm.model_validate(given).proposal()


class VerdictForm(_Form):
    verdict: Literal["agree", "refuse"]


class AskReportForm(_Form):
    """Which day is worked out anew, and why."""

    day: date
    reason: Note


class ReportForm(_Form):
    """What its reader says of a report; a gap in it is signed for with a reason only."""

    verdict: Literal["sign", "refuse"]
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] = ""


class BankAccountForm(_Form):
    """A bank account that holds client money, as its statements name it."""

    account: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9 /-]{4,40}$")
    ]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    bank: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)]
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100)]
    opened_on: date


class BankAccountOut(BaseModel):
    """One bank account on the list."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    account: str
    currency: str
    bank: str
    name: str
    opened_on: date
    closed_on: date | None


class ReportOut(BaseModel):
    """One version of a day's report."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    day: date
    version: int
    status: str
    reason: str | None
    snapshot: int | None
    as_of: datetime | None
    prepared_at: datetime | None
    decided_at: datetime | None
    decision_note: str | None


class WholeReportOut(ReportOut):
    """The same with its figures, their digest, and the gaps they have."""

    content: dict[str, Any] | None
    content_sha256: str | None
    faults: list[str]

    @classmethod
    def of(cls, report: Any, faults: list[str]) -> "WholeReportOut":
        facts = ReportOut.model_validate(report).model_dump()
        digest = report.content_sha256.hex() if report.content_sha256 else None
        return cls(**facts, content=report.content, content_sha256=digest, faults=faults)
