"""One payment's whole story: what every part of the hub knows of it, in one order of time.

A part that comes to know more of payments adds a source below; the page shows whatever is told.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from operational.access.matrix import Permission
from operational.audit import queries as audit
from operational.kit.money import Money
from operational.ledger import queries as ledger
from operational.messaging import queries as messaging
from operational.messaging.models import OutboxMessage
from operational.messaging.states import OutboxStatus
from operational.payments import queries, rules
from operational.payments.disputes import queries as disputes
from operational.payments.models import Payment
from operational.rules import queries as decisions


@dataclass(frozen=True, slots=True)
class Opens:
    """What a moment leads to: a kind of page, by the key it is opened with."""

    kind: str
    """decision, wallet, message, payment, payout or dispute."""
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened to a payment."""

    at: datetime
    title: str
    """A sentence without its full stop."""
    by: str
    """Who: the client, a provider, a colleague, or the part of the hub that did it."""
    facts: tuple[tuple[str, str], ...] = ()
    state: str | None = None
    """The word to show as a badge, as `api.web.words` knows it."""
    opens: tuple[Opens, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where moments come from, and what it takes to be told them, beyond seeing payments."""

    name: str
    tell: Callable[[Session, Payment], Iterable[Moment]]
    permission: Permission = Permission.PAYMENTS_READ


def story(
    session: Session, payment: Payment, held: frozenset[Permission]
) -> list[tuple[str, Moment]]:
    """Every moment the reader may know of, the oldest first, with the source that tells it."""
    told = [
        (source.name, moment)
        for source in SOURCES
        if source.permission in held
        for moment in source.tell(session, payment)
    ]
    # The sort is stable: what happened at one instant stays in the order of the sources.
    return sorted(told, key=lambda one: one[1].at)


def _request(_: Session, payment: Payment) -> Iterator[Moment]:
    amount = Money(payment.amount_minor, payment.currency)
    yield Moment(
        payment.requested_at,
        f"A {payment.method.replace('_', ' ')} deposit of {amount} was asked for",
        "client",
        facts=(("country", payment.country),),
        state="created",
    )
    if payment.polled_at:
        yield Moment(
            payment.polled_at, f"{payment.psp} was last asked what became of it", "sweeper"
        )


def _decisions(session: Session, payment: Payment) -> Iterator[Moment]:
    newest_first = session.scalars(decisions.decisions(("payment", str(payment.id)))).all()
    for decision in reversed(newest_first):
        table = decision.trace["table"]
        yield Moment(
            decision.decided_at,
            _reason(decision.outcome) or f"The table {table} decided",
            f"{table}@{decision.trace['version']}",
            opens=(Opens("decision", str(decision.id), "facts and trace"),),
        )


def _reason(outcome: Mapping[str, Any]) -> str:
    """What a decision says of itself; of a route, whom to ask first and why."""
    if takers := outcome.get("takers"):
        first = max(takers, key=lambda taker: taker["points"])
        return f"{first['psp']} is to be asked first, with {first['points']} points: {first['why'].rstrip('.')}"
    return str(outcome.get("reason") or "").rstrip(".")


def _commands(session: Session, payment: Payment) -> Iterator[Moment]:
    for command in session.scalars(messaging.commands_of(f"payment:{payment.id}")):
        psp = command.payload.get("psp", payment.psp)
        yield Moment(command.created_at, f"{psp} is to open a payment page", "outbox")
        answer = _answer(command, psp)
        if answer is not None:
            yield answer


def _answer(command: OutboxMessage, psp: str) -> Moment | None:
    """What came of a command so far; nothing while it was not tried."""
    tries = (("tries", str(command.attempts)),)
    facts = (*tries, ("said", command.error)) if command.error else tries
    opens = (Opens("message", str(command.id), "the parked command"),)
    match OutboxStatus(command.status):
        case OutboxStatus.SENT if command.sent_at:
            return Moment(command.sent_at, f"{psp} opened a payment page", psp, facts=tries)
        case OutboxStatus.REFUSED if command.sent_at:
            return Moment(command.sent_at, f"{psp} did not open a page", psp, facts, "refused")
        case OutboxStatus.PENDING if command.attempts:
            return Moment(
                command.next_at, f"{psp} is to be asked again", "outbox", facts, "waiting"
            )
        case OutboxStatus.PARKED:
            title = f"{psp} never answered, and a person must look"
            return Moment(command.deadline_at, title, "outbox", facts, "parked", opens)
        case OutboxStatus.CLOSED:
            return Moment(command.deadline_at, "A person laid the command aside", "outbox", facts)
    return None


def _callbacks(session: Session, payment: Payment) -> Iterator[Moment]:
    for event in session.scalars(queries.events_of(payment.id)):
        amount = Money(event.amount_minor, event.currency)
        yield Moment(
            event.recorded_at,
            f"{event.psp} told of {amount}"
            + ("" if event.is_applied else ", which changed nothing"),
            event.psp,
            facts=(
                ("event", event.external_id),
                ("operation", event.operation_id),
                ("happened", f"{event.occurred_at:%Y-%m-%d %H:%M:%S} UTC"),
                *(
                    (("reason", str(event.details["reason"])),)
                    if event.details.get("reason")
                    else ()
                ),
            ),
            state=event.news,
        )


def _parked(session: Session, payment: Payment) -> Iterator[Moment]:
    """Callbacks that name the payment and could not be applied."""
    names = [payment.reference, *filter(None, (payment.psp_payment_id, payment.psp_session_id))]
    for message in session.scalars(messaging.parked_naming(names)):
        yield Moment(
            message.created_at,
            f"A callback of {message.source} could not be applied",
            message.source,
            facts=(("event", message.external_id), ("error", message.error or "")),
            state="parked",
            opens=(Opens("message", str(message.id), "see, replay or close it"),),
        )


def _postings(session: Session, payment: Payment) -> Iterator[Moment]:
    told = queries.told_of(session, payment.id)
    try:
        judged = rules.judge(str(payment.id), payment.amount_minor, told, payment.agreed_minor)
        moved = judged.movements
    except rules.Impossible:
        return
    journals = session.scalars(ledger.journals_of([movement.op_key for movement in moved]))
    amounts = {movement.op_key: movement.amount_minor for movement in moved}
    wallet = f"{payment.client_id}/{payment.currency}"
    for journal in journals:
        yield Moment(
            journal.recorded_at,
            f"{Money(amounts[journal.op_key], payment.currency)} booked as {journal.kind}",
            "ledger",
            facts=(("journal", str(journal.id)), ("operation", journal.op_key)),
            opens=(Opens("wallet", wallet, "the wallet's entries"),),
        )


def _disputes(session: Session, payment: Payment) -> Iterator[Moment]:
    for dispute in session.scalars(disputes.of_payment(payment.id)):
        opens = (Opens("dispute", dispute.reference, "the dispute"),)
        amount = Money(dispute.amount_minor, dispute.currency)
        facts = (("reason", dispute.reason),) if dispute.reason else ()
        yield Moment(
            dispute.opened_at,
            f"The client's bank questioned {amount}",
            dispute.psp,
            facts=facts,
            opens=opens,
        )
        yield Moment(
            dispute.staged_at,
            "The dispute reached the stage it is in",
            dispute.psp,
            state=dispute.stage,
            opens=opens,
        )


def _records(session: Session, payment: Payment) -> Iterator[Moment]:
    for event in session.scalars(audit.history(payment.id, "deposit")):
        yield Moment(
            event.at,
            f"Recorded: {event.verb.replace(':', ' ').replace('_', ' ')}",
            event.actor_name or event.role or "person",
            facts=(("reason", event.reason),) if event.reason else (),
        )


SOURCES: tuple[Source, ...] = (
    Source("request", _request),
    Source("decision", _decisions),
    Source("command", _commands),
    Source("callback", _callbacks),
    Source("parked", _parked, Permission.MESSAGES_READ),
    Source("posting", _postings),
    Source("dispute", _disputes, Permission.DISPUTES_READ),
    Source("record", _records, Permission.AUDIT_READ),
)
"""In the order in which things of one instant follow from each other."""
