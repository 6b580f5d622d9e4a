"""A small broker with a little of everything, published empty and again when it is filled."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from lake import publication
from lake.publication import CheckResult, Publication
from operational.kit.clock import utc_now
from operational.kit.ids import uuid7
from operational.kit.settings import Settings
from pipelines import sources
from pipelines.platform import deals
from pipelines.refresh import refresh
from tests.pipelines.broker import Broker, Server, a_deal

LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff"
MAILBOX = "never.shown@example.com"
PARTNER_CODE = "HARBOUR-OF-THE-SEVEN-SEAS-LTD"

SERVER_AHEAD = timedelta(hours=2)
"""The platform's wall clock in winter."""


@dataclass(frozen=True)
class Shop:
    """The lake of one broker, as it was before anything happened and as it is now."""

    database: Any
    empty: Publication
    filled: Publication

    @property
    def settings(self) -> Settings:
        found: Settings = self.database.settings
        return found

    def show(self, which: Publication) -> None:
        """Move the pointer."""
        publication.decide(self.settings, which, which.checks)

    def hold_back(self, *checks: CheckResult) -> None:
        """A newer refresh that some check refuses."""
        publication.decide(self.settings, self.filled, checks)

    @property
    def period(self) -> dict[str, Any]:
        """Everything that ever happened here."""
        until = self.filled.as_of.date()
        return {"since": until - timedelta(days=60), "until": until}


def opened(database: Any) -> Shop:
    """Publish nothing, let things happen, publish again."""
    settings = database.settings
    refresh(settings)
    empty = publication.current(settings).published
    with closing(Broker(database)) as broker:
        _fill(broker)
    with sources.opened(settings) as lake:
        deals.sync(lake, Server(*_trades()), overlap=timedelta(days=60), now=utc_now())
    outcome = refresh(settings)
    assert outcome.failures == ()
    return Shop(database, empty, publication.current(settings).published)


def _noon(days_ago: int) -> datetime:
    """Noon of a day gone by; of today, midnight, which has always been."""
    day = utc_now().date() - timedelta(days=days_ago)
    return datetime.combine(day, time(12 if days_ago else 0), UTC)


def _fill(broker: Broker) -> None:
    broker.plan()
    partner = broker.partner(code=PARTNER_CODE)
    by_rule = _client(broker, "C-RULE", 9, stage="verified", verified_at=_noon(8))
    by_person = _client(broker, "C-PERSON", 7, stage="verified", verified_at=_noon(5))
    waiting = _client(broker, "C-WAITS", 2, stage="in_review", first_name=LONG_NAME, email=MAILBOX)
    _client(broker, "C-LEAD", 0, source="a_source_with_a_very_long_name")

    broker.attribution(by_rule, partner)
    broker.account(by_rule, 1001)
    broker.account(by_person, 1002)
    for client, days_ago in ((by_rule, 8), (by_person, 6), (waiting, 1)):
        broker.insert("kyc.check", client_id=client, outcome="review", checked_at=_noon(days_ago))
    for client in (by_person, waiting):
        broker.insert("review.case", client_id=client, kind="kyc", status="open")

    _deposit(broker, by_rule, 8, 1_000_000)
    _deposit(broker, by_rule, 4, 12_345, currency="EUR", psp="adyen")
    _deposit(broker, by_person, 4, 15_000, currency="JPY")
    # Nobody publishes a rate for the shilling.
    _deposit(broker, by_person, 3, 777, currency="KES")
    _deposit(broker, by_person, 2, 5_000, status="failed", failure_reason="card_declined")
    _deposit(broker, by_person, 20, 25_000, status="charged_back", ended_at=_noon(1))
    broker.post(500)
    _break(broker, 5, "open")
    _break(broker, 45, "written_off", closed_at=_noon(1))
    part = {"currency": "USD", "owed_minor": 900_00, "held_minor": 880_00}
    part |= {"difference_minor": -20_00, "explained_minor": -20_00, "unexplained_minor": 0}
    broker.insert(
        "reconciliation.daily_report",
        # Yesterday's is the first the hub prepares by itself.
        day=_noon(2).date(),
        status="prepared",
        content=Jsonb({"currencies": [part]}),
        content_sha256=b"",
        snapshot=1,
        as_of=_noon(0),
        prepared_at=_noon(0),
    )


def _break(broker: Broker, days_ago: int, status: str, **values: Any) -> None:
    due = _noon(days_ago)
    broker.insert(
        "reconciliation.break_item",
        id=uuid7(),
        reference=f"B-{days_ago}",
        break_key=f"psp_line|amount_under|{days_ago}",
        leg="psp_line",
        kind="amount_under",
        counterpart="stripe",
        currency="USD",
        difference_minor=-12_34,
        severity="high",
        status=status,
        **(dict.fromkeys(("occurred_at", "due_at", "found_at", "deadline_at"), due) | values),
    )


def _client(broker: Broker, reference: str, days_ago: int, **values: Any) -> UUID:
    return broker.client(reference=reference, registered_at=_noon(days_ago), **values)


def _deposit(broker: Broker, client: UUID, days_ago: int, minor: int, **values: Any) -> None:
    at = _noon(days_ago)
    is_failed = values.get("status") == "failed"
    times = {"requested_at": at, "succeeded_at": None if is_failed else at}
    broker.deposit(client, minor, **(times | values))


def _trades() -> Iterator[dict[str, str]]:
    """One paid trade, one without a partner that lost, one that no client made."""
    yield from _trade(1, 7, "12.50", Decimal("0.13"))
    yield from _trade(2, 3, "-1234.56", Decimal(2), Login="1002", Symbol="GBPUSD")
    yield from _trade(3, 2, "5.00", Decimal(1), Reason="15")


def _trade(
    position: int, days_ago: int, profit: str, lots: Decimal, **fields: str
) -> Iterator[dict[str, str]]:
    opened_at = int((_noon(days_ago) + SERVER_AHEAD).timestamp())
    same = {"PositionID": str(position)} | fields
    yield a_deal(
        position * 10, Action="0", Entry="0", VolumeClosedExt="0", Time=str(opened_at), **same
    )
    yield a_deal(
        position * 10 + 1,
        Profit=profit,
        VolumeClosedExt=str(int(lots * 10**8)),
        Time=str(opened_at + 600),
        **same,
    )
