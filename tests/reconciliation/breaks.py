"""Breaks as the lake finds them, and the people who work on them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from operational.access import service as access
from operational.access.matrix import Role
from operational.access.passwords import hash_password
from operational.kit.actor import Actor
from operational.kit.ids import uuid7
from operational.reconciliation.history import Proposal
from operational.reconciliation.intake import Found, take
from operational.reconciliation.states import Action, Reason

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HUB = Actor.system("test")
HASHED = hash_password("correct horse battery")
PROOF = "https://files.example.com/statement.pdf"

CANDIDATES = [
    {
        "line_id": f"report.csv#{row}",
        "source": "report.csv",
        "row": row,
        "amount_minor": amount_minor,
        "currency": "USD",
        "booked_at": "2026-02-26 00:00:00+00",
    }
    for row, amount_minor in enumerate((10_000, 6_000, 4_000, 9_700), start=1)
]

MISSING = Found(
    break_key="psp_line|missing_external|D-1",
    leg="psp_line",
    kind="missing_external",
    counterpart="stripe",
    our_reference="D-1",
    external_reference=None,
    currency="USD",
    expected_minor=10_000,
    actual_minor=None,
    difference_minor=-10_000,
    severity="high",
    details={"candidates": CANDIDATES},
    occurred_at=NOW - timedelta(days=6),
    due_at=NOW - timedelta(days=3),
)
FEE = replace(
    MISSING,
    break_key="psp_line|fee_variance|D-2",
    kind="fee_variance",
    our_reference="D-2",
    external_reference="ch_2",
    actual_minor=9_700,
    difference_minor=-300,
    severity="low",
)


def a_person(session, role=Role.FINANCE) -> Actor:
    """Somebody with a role, and what acts in their name."""
    user = access.create_user(
        session,
        email=f"{uuid7().hex}@example.com",
        name=role.title(),
        password=HASHED,
        is_hashed=True,
        role=role,
        actor=HUB,
        now=NOW,
    )
    return Actor(str(user.id), user.name, frozenset({role}))


def taken(session, *found, after=timedelta(), snapshot=1):
    now = NOW + after
    return take(session, found, as_of=now, snapshot=snapshot, now=now)


def proposal(action, **changes) -> Proposal:
    given = {"account": "psp_fees"} if action is Action.ADJUST else {}
    given |= {"evidence_link": PROOF, "lines": ()} | changes
    return Proposal(action, Reason.FEE, "agreed with the provider", **given)


def balances(session) -> dict[str, int]:
    """What each house account is credited with."""
    return dict(
        session.execute(
            text(
                "select code, sum(amount)::bigint from ledger.entry join ledger.account"
                " on account.id = account_id group by code"
            )
        ).all()
    )


def whole(session) -> dict[str, list]:
    """Every row of reconciliation, to see that nothing changed."""
    tables = ("break_item", "break_event", "resolution", "matched_line", "daily_report")
    return {
        table: session.execute(
            text(f"select to_jsonb(t) - 'row_xid' from reconciliation.{table} t order by id")
        )
        .scalars()
        .all()
        for table in tables
    }
