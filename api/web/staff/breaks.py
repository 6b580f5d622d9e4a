"""Breaks: the list and how old it is, one break from both sides, and what waits for agreement."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Form, Query, Request, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.schemas.reconciliation import EndPageForm, NoteForm, OwnerForm, VerdictForm, WaitForm
from api.web import charts
from api.web.charts import Point
from api.web.door import Pages
from api.web.listing import listed
from api.web.shell import page, see_other
from operational.access import queries as access
from operational.access.matrix import Permission, permissions
from operational.payments import queries as payments
from operational.reconciliation import queries, resolving, rules, service
from operational.reconciliation.history import KIND
from operational.reconciliation.queries import Filters, Total
from operational.reconciliation.states import (
    AGES,
    LIVE,
    Action,
    BreakStatus,
    Leg,
    Reason,
    age_days,
    bucket,
)

router = Pages("/staff/breaks")

READS = needs(Permission.RECONCILIATION_READ)
RESOLVES = needs(Permission.RECONCILIATION_RESOLVE)
ALL = "all"
_OLD = {"8-30": "warn", ">30": "bad"}
_PATH = "/staff/breaks"


class Wanted(BaseModel):
    """The filters in the page's address."""

    model_config = ConfigDict(extra="ignore")

    status: BreakStatus | Literal["live", "all"] = "live"
    leg: Leg | Literal[""] = ""
    kind: str = ""
    counterpart: str = ""
    owner: UUID | Literal["", "nobody"] = ""
    age: Literal["", "0-1", "2-3", "4-7", "8-30", ">30"] = ""
    text: str = ""

    def filters(self) -> Filters:
        return Filters(**{name: str(value) for name, value in self})

    def address(self, **changes: str) -> str:
        """This list with another filter."""
        given = {name: str(value) for name, value in self} | changes
        kept = {name: value for name, value in given.items() if value and value != "live"}
        return f"{_PATH}?{urlencode(kept)}" if kept else _PATH


@router.get("", dependencies=[READS])
def break_list(
    request: Request,
    session: SessionDep,
    now: NowDep,
    wanted: Annotated[Wanted, Query()],
) -> Response:
    filters = wanted.filters()
    found = listed(request, session, queries.matching(filters, now), by="due_at", is_rising=True)
    totals = queries.totals(session, filters, now)
    return page(
        request,
        "staff/breaks.html",
        breaks=found,
        wanted=wanted,
        ages=[name for name, _ in AGES],
        table=_by_currency(totals),
        chart=charts.bars(_ages(totals, wanted)),
        choices=queries.choices(session),
        legs=list(Leg),
        statuses=list(BreakStatus),
        people=colleagues(session),
        names=access.names(session, {str(item.owner_id) for item in found.rows if item.owner_id}),
        age=lambda item: bucket(age_days(item.due_at, item.closed_at or now)),
        waiting=len(session.scalars(access.waiting_approvals(KIND)).all()),
        now=now,
    )


@router.get("/approvals", dependencies=[READS])
def approvals(request: Request, session: SessionDep) -> Response:
    waiting = session.scalars(access.waiting_approvals(KIND)).all()
    return page(
        request,
        "staff/break_approvals.html",
        approvals=waiting,
        names=access.names(session, {str(approval.maker_id) for approval in waiting}),
        accounts=rules.ACCOUNTS,
    )


@router.post("/approvals/{approval_id}", dependencies=[needs(Permission.RECONCILIATION_AGREE)])
def decide(
    approval_id: UUID,
    form: Annotated[VerdictForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    is_agreed = form.verdict == "agree"
    resolving.decide(session, approval_id, agree=is_agreed, actor=actor, now=now)
    return see_other(f"{_PATH}/approvals", "agreed" if is_agreed else "declined")


@router.get("/{reference}", dependencies=[READS])
def one(request: Request, reference: str, session: SessionDep, now: NowDep) -> Response:
    item = queries.by_reference(session, reference)
    events = session.scalars(queries.events_of(item.id)).all()
    resolutions = session.scalars(queries.resolutions_of(item.id)).all()
    lines = session.scalars(queries.lines_of([each.id for each in resolutions])).all()
    approval = next(
        (one for one in session.scalars(access.waiting_approvals(KIND)) if one.subject_id == str(item.id)),
        None,
    )  # fmt: skip
    return page(
        request,
        "staff/break.html",
        item=item,
        is_live=BreakStatus(item.status) in LIVE,
        days=age_days(item.due_at, item.closed_at or now),
        before=queries.get(session, item.follows_id) if item.follows_id else None,
        payment=_payment(session, item.our_reference),
        events=events,
        resolutions=resolutions,
        matched=lines,
        approval=approval,
        names=access.names(session, _people(item, events, resolutions, approval)),
        people=colleagues(session),
        reasons=[(reason.value, reason.value) for reason in Reason],
        actions=[Action.MATCH, Action.FORCE_MATCH, Action.ADJUST, Action.WRITE_OFF, Action.VOID],
        accounts=[(account.name, account.title) for account in rules.ACCOUNTS.values()],
        tomorrow=(now + timedelta(days=1)).date().isoformat(),
        now=now,
    )


@router.post("/{reference}/owner", dependencies=[RESOLVES])
def assign(
    reference: str,
    form: Annotated[OwnerForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    item = queries.by_reference(session, reference)
    service.assign(session, item.id, form.owner, actor=actor, now=now)
    return see_other(f"{_PATH}/{reference}", "break_assigned")


@router.post("/{reference}/investigation", dependencies=[RESOLVES])
def investigate(reference: str, session: SessionDep, actor: ActorDep, now: NowDep) -> Response:
    item = queries.by_reference(session, reference)
    service.investigate(session, item.id, actor=actor, now=now)
    return see_other(f"{_PATH}/{reference}", "break_begun")


@router.post("/{reference}/notes", dependencies=[RESOLVES])
def note(
    reference: str,
    form: Annotated[NoteForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    item = queries.by_reference(session, reference)
    service.note(session, item.id, form.note, actor=actor, now=now)
    return see_other(f"{_PATH}/{reference}", "break_noted")


@router.post("/{reference}/wait", dependencies=[RESOLVES])
def wait(
    reference: str,
    form: Annotated[WaitForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    item = queries.by_reference(session, reference)
    until = datetime.combine(form.until, time(), UTC)
    service.wait(session, item.id, until, form.reason_code, reason=form.note, actor=actor, now=now)
    return see_other(f"{_PATH}/{reference}", "break_waits")


@router.post("/{reference}/end", dependencies=[RESOLVES])
def end(
    reference: str,
    form: Annotated[EndPageForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    """Match it at once, or ask a second person."""
    item, proposal = queries.by_reference(session, reference), form.proposal()
    if proposal.action is Action.MATCH:
        resolving.match(session, item.id, proposal, actor=actor, now=now)
        return see_other(f"{_PATH}/{reference}", "break_matched")
    resolving.ask(session, item.id, proposal, actor=actor, now=now)
    return see_other(f"{_PATH}/{reference}", "asked")


def colleagues(session: Session) -> list[tuple[str, str]]:
    """Who may own a break."""
    return [
        (str(user.id), user.name)
        for user in access.staff(session)
        if user.is_active
        and Permission.RECONCILIATION_RESOLVE in permissions(frozenset(user.roles))
    ]


def _by_currency(totals: Sequence[Total]) -> dict[str, dict[str, Total]]:
    """Per currency and age, with the sum of each currency under `all`."""
    table: dict[str, dict[str, Total]] = {}
    for total in totals:
        row = table.setdefault(total.currency, {ALL: Total(total.currency, ALL, 0, 0)})
        row[total.age] = total
        whole = row[ALL]
        row[ALL] = Total(
            total.currency, ALL, whole.count + total.count, whole.value_minor + total.value_minor
        )
    return table


def _ages(totals: Sequence[Total], wanted: Wanted) -> list[Point]:
    """How many breaks of each age."""
    counts = {name: sum(each.count for each in totals if each.age == name) for name, _ in AGES}
    return [
        Point(f"{name} days", count, f"{count:,}", wanted.address(age=name), _OLD.get(name, ""))
        for name, count in counts.items()
    ]


def _payment(session: Session, reference: str | None) -> Any:
    """The payment a break is about, if it is about one."""
    return session.scalar(payments.by_reference(reference)) if reference else None


def _people(
    item: Any, events: Iterable[Any], resolutions: Iterable[Any], approval: Any
) -> set[str]:
    found = {event.actor_id for event in events}
    found |= {str(event.facts["owner"]) for event in events if "owner" in event.facts}
    for each in resolutions:
        found |= {each.made_by, each.agreed_by}
    if item.owner_id:
        found.add(str(item.owner_id))
    if approval:
        found.add(str(approval.maker_id))
    return found - {None}
