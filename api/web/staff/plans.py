"""Commission plans: versions, drafts, publication by a second person."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Request, Response

from api.deps import ActorDep, NowDep, SessionDep, needs
from api.schemas.partners import PlanPageForm, RateForm
from api.schemas.rules import PublishForm
from api.web.door import Pages
from api.web.shell import page, see_other
from operational.access import queries as access
from operational.access.matrix import Permission
from operational.kit.errors import InvalidInput
from operational.partners import plans, queries
from operational.partners.rules import Rate

router = Pages("/staff/plans")

KINDS = {"symbol": "symbol", "group": "symbol_group"}
"""The first word of a line, and the field it fills."""
LINE_WORDS = 4


@router.get("", dependencies=[needs(Permission.PARTNERS_READ)])
def plan_list(request: Request, session: SessionDep, now: NowDep) -> Response:
    versions = session.scalars(queries.plan_versions()).all()
    return page(
        request,
        "staff/plans.html",
        versions=versions,
        names=access.names(session, _makers(versions)),
        tomorrow=_tomorrow(now),
    )


@router.post("", dependencies=[needs(Permission.PARTNERS_MANAGE)])
def draft(
    form: Annotated[PlanPageForm, Form()], session: SessionDep, actor: ActorDep, now: NowDep
) -> Response:
    """The next version of a plan, or a new plan's first."""
    made = plans.add_plan_version(
        session,
        form.name,
        rates_in(form.rates),
        duration_seconds_min=form.duration_seconds_min,
        valid_from=form.valid_from.replace(tzinfo=UTC),
        actor=actor,
        now=now,
    )
    return see_other(f"/staff/plans/{made.id}", "plan_drafted")


@router.get("/{version_id}", dependencies=[needs(Permission.PARTNERS_READ)])
def plan(request: Request, version_id: UUID, session: SessionDep, now: NowDep) -> Response:
    found = queries.plan(session, version_id)
    return page(
        request,
        "staff/plan.html",
        version=found,
        names=access.names(session, _makers([found])),
        lines=lines_of(found.rates),
        tomorrow=_tomorrow(now),
    )


@router.post("/{version_id}/publish", dependencies=[needs(Permission.PARTNERS_PUBLISH_PLAN)])
def publish(
    version_id: UUID,
    _: Annotated[PublishForm, Form()],
    session: SessionDep,
    actor: ActorDep,
    now: NowDep,
) -> Response:
    plans.publish_plan(session, version_id, actor=actor, now=now)
    return see_other(f"/staff/plans/{version_id}", "plan_published")


def rates_in(text: str) -> list[Rate]:
    """Rates as a person writes them, one a line: ``group forex 5.00 USD``.

    Raises:
        InvalidInput: names the line.
    """
    rates = []
    for number, line in enumerate(text.strip().splitlines(), start=1):
        words = line.split()
        if len(words) != LINE_WORDS or words[0] not in KINDS:
            raise InvalidInput(
                f"Line {number}: write it as “group forex 5.00 USD” or “symbol EURUSD 6.50 USD”.",
                field="rates",
            )
        kind, target, per_lot, currency = words
        fields = {KINDS[kind]: target, "per_lot": per_lot, "currency": currency}
        rates.append(RateForm.model_validate(fields).rate())
    return rates


def lines_of(rates: Iterable[Mapping[str, Any]]) -> str:
    """Stored rates as `rates_in` reads them."""
    return "\n".join(
        f"{kind} {rate[field]} {rate['per_lot']} {rate['currency']}"
        for rate in rates
        for kind, field in KINDS.items()
        if rate.get(field)
    )


def _makers(versions: Iterable[Any]) -> set[str]:
    ids = {one for version in versions for one in (version.made_by, version.published_by)}
    return ids - {None}


def _tomorrow(now: datetime) -> str:
    """As a field of a form takes it."""
    return f"{(now + timedelta(days=1)).date()}T00:00"
