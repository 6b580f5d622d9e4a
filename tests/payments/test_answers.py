"""Our answers to disputes over the providers' own wire formats, with all that can go wrong on the line."""

from datetime import timedelta

import httpx
import pytest

from operational import worker
from operational.access.matrix import Role
from operational.kit import db
from operational.kit.actor import Actor
from operational.kit.clock import utc_now
from operational.kit.ids import uuid7
from operational.messaging import outbox
from operational.payments.disputes import queries, service
from tests.payments.test_providers import CURRENCY, Desk, desk, vendors

__all__ = ["desk", "vendors"]
FINANCE = Actor(str(uuid7()), "Nora Fin", frozenset({Role.FINANCE}))
NAMES = ("stripe", "adyen")
"""Those that take answers over their API."""
DISPUTED_CARD = "4000000000000259"
SENDS = {
    "stripe": "POST /v1/disputes/*",
    "adyen": "POST /ca/services/DisputeService/v30/defendDispute",
}


class Answering:
    """A deposit the bank took back, and what we say to that."""

    def __init__(self, desk: Desk, psp: str) -> None:
        self.desk, self.psp = desk, psp
        self.payment = desk.ask(psp)
        desk.carry()
        desk.deliver(psp, desk.pay(self.payment, card=DISPUTED_CARD))
        desk.apply()

    @property
    def dispute(self):
        with db.transaction(self.desk.engine) as session:
            return session.scalars(queries.of_payment(self.payment.id)).one()

    def defend(self) -> None:
        with db.transaction(self.desk.engine) as session:
            names = {"actor": FINANCE, "now": utc_now()}
            reference = session.scalars(queries.of_payment(self.payment.id)).one().reference
            pack = service.make_pack(session, reference, platform=lambda: None, **names)
            service.defend(session, reference, pack.id, **names)

    def accept(self) -> None:
        with db.transaction(self.desk.engine) as session:
            reference = session.scalars(queries.of_payment(self.payment.id)).one().reference
            service.accept(session, reference, reason="not worth it", actor=FINANCE, now=utc_now())

    def carry(self, seconds: float = 0) -> None:
        carriers = worker.dispute_carriers(self.desk.psps, self.desk.engine)
        later = timedelta(seconds=seconds)
        outbox.carry(self.desk.engine, carriers, lambda: utc_now() + later)

    def decide(self, op: str, **more: str) -> None:
        """The bank decides."""
        move = {"op": op, "at": str(int(utc_now().timestamp())), "id": self.dispute.psp_dispute_id}
        url = f"{self.desk.urls[self.psp]}/sandbox/moves?deliver=return"
        answer = httpx.post(url, json=[move | more])
        self.desk.deliver(self.psp, answer.raise_for_status().json()["callbacks"])
        self.desk.apply()


WINS = {"stripe": ("close_dispute", {"status": "won"}), "adyen": ("reverse_chargeback", {})}


@pytest.mark.parametrize("psp", NAMES)
def test_evidence_is_handed_in_once_whatever_happens_on_the_line_and_wins(desk, psp):
    one = Answering(desk, psp)
    assert (one.dispute.stage, one.dispute.network_reason) == ("chargeback", "10.4")
    assert one.dispute.due_at > utc_now()
    assert desk.wallet(CURRENCY[psp]) == 0
    desk.fault(psp, SENDS[psp], "timeout_after")

    one.defend()
    one.carry()
    assert one.dispute.answer_status == "sending"
    one.carry(2)
    assert one.dispute.answer_status == "sent"

    op, more = WINS[psp]
    one.decide(op, **more)
    assert (one.dispute.stage, desk.wallet(CURRENCY[psp])) == ("won", 10_000)


@pytest.mark.parametrize("psp", NAMES)
def test_what_the_provider_does_not_take_is_told_to_a_person(desk, psp):
    one = Answering(desk, psp)
    desk.fault(psp, SENDS[psp], "refuse")

    one.defend()
    one.carry()

    assert one.dispute.answer_status == "refused"
    assert "42" in one.dispute.answer_refusal or "402" in one.dispute.answer_refusal
    with db.transaction(desk.engine) as session:
        [waiting] = session.scalars(queries.unanswered())
        service.hand_in(
            session, waiting.reference, note="on their pages", actor=FINANCE, now=utc_now()
        )
    assert one.dispute.answer_status == "by_hand"


@pytest.mark.parametrize("psp", NAMES)
def test_money_we_let_go_is_lost_at_the_provider_too(desk, psp):
    one = Answering(desk, psp)

    one.accept()
    one.carry()

    assert (one.dispute.answer, one.dispute.answer_status) == ("accepted", "sent")
    assert desk.wallet(CURRENCY[psp]) == 0
    # The bank's word on it comes too late for the provider: the dispute is closed there.
    op, more = WINS[psp]
    with pytest.raises(httpx.HTTPStatusError):
        one.decide(op, **more)
