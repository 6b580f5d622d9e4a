"""What Checkout.com and NOWPayments say, read to the minor unit or not at all."""

import json
from typing import Any

import pytest

from operational.payments.errors import CallbackMalformed
from operational.payments.states import News
from tests.payments.deposits import CHECKOUT, CRYPTO


def webhook(kind: str, **said: Any) -> bytes:
    data = {"id": "pay_1", "action_id": "act_1", "reference": "D-1", "amount": 2_500}
    event = {"id": "evt_1", "type": kind, "created_on": "2023-05-22T11:56:04.8821546Z"}
    return json.dumps(event | {"data": data | {"currency": "GBP"} | said}).encode()


def dispute(kind: str, **said: Any) -> bytes:
    named = {"id": "dsp_1", "payment_id": "pay_1", "payment_reference": "D-1"}
    return webhook(kind, **named, category="fraudulent", reason_code="10.4", **said)


def ipn(text: str = "", **said: Any) -> bytes:
    """A callback over 100 dollars; `text` replaces the amounts as they are written."""
    told = {"payment_id": 5, "payment_status": "finished", "order_id": "D-1"}
    told |= {"pay_currency": "btc", "parent_payment_id": None, "price_currency": "usd"} | said
    amounts = text or '"price_amount":100,"pay_amount":0.002,"actually_paid":0.002'
    return (json.dumps(told)[:-1] + "," + amounts + "}").encode()


@pytest.mark.parametrize(
    ("kind", "news", "operation"),
    [
        ("payment_pending", News.PENDING, "pay_1"),
        ("payment_approved", News.AUTHORISED, "pay_1"),
        ("payment_declined", News.FAILED, "pay_1"),
        ("payment_captured", News.SUCCEEDED, "pay_1"),
        ("payment_capture_declined", News.FAILED, "pay_1"),
        ("payment_refunded", News.REFUNDED, "act_1"),
        ("payment_refund_declined", News.REFUND_FAILED, "act_1"),
        ("payment_expired", News.FAILED, "pay_1"),
        ("payment_canceled", News.FAILED, "pay_1"),
        ("card_verified", None, None),
        ("made_up", None, None),
    ],
)
def test_what_checkout_coms_event_types_mean(kind, news, operation):
    found = CHECKOUT.parse(webhook(kind))

    assert (found and found.news, found and found.operation_id) == (news, operation)


@pytest.mark.parametrize(
    ("kind", "news", "stage"),
    [
        ("dispute_received", News.DISPUTED, "opened"),
        ("dispute_evidence_required", News.CHARGED_BACK, "chargeback"),
        ("dispute_evidence_submitted", News.DISPUTED, "defended"),
        ("dispute_expired", News.CHARGED_BACK, "undefended"),
        ("dispute_lost", News.CHARGED_BACK, "lost"),
        ("dispute_won", News.CHARGEBACK_WON, "won"),
        ("dispute_canceled", News.CHARGEBACK_WON, "won"),
        ("dispute_arbitration_lost", News.DISPUTED, "finally_lost"),
    ],
)
def test_what_its_disputes_moved_and_where_they_stand(kind, news, stage):
    found = CHECKOUT.parse(dispute(kind))

    assert (found.news, found.details["dispute"]["stage"]) == (news, stage)
    assert (found.operation_id, found.psp_payment_id, found.reference) == ("dsp_1", "pay_1", "D-1")


def test_chilean_pesos_have_two_noughts_there():
    assert str(CHECKOUT.parse(webhook("payment_captured", currency="CLP")).amount) == "25 CLP"
    with pytest.raises(CallbackMalformed):
        CHECKOUT.parse(webhook("payment_captured", currency="CLP", amount=2_550))


@pytest.mark.parametrize(
    "said",
    [
        {"amount": "25.00"},
        {"amount": 25.5},
        {"amount": -1},
        {"amount": True},
        {"amount": None},
        {"currency": "XYZ"},
        {"id": 5},
        {"action_id": None},
    ],
)
def test_a_webhook_of_another_form_is_for_a_person_to_see(said):
    with pytest.raises(CallbackMalformed):
        CHECKOUT.parse(webhook("payment_captured", **said))


@pytest.mark.parametrize(
    ("status", "amounts", "news", "minor"),
    [
        ("waiting", "", News.PENDING, 10_000),
        ("confirming", "", News.PENDING, 10_000),
        ("confirmed", "", News.PENDING, 10_000),
        ("sending", "", News.PENDING, 10_000),
        ("finished", "", News.ARRIVED, 10_000),
        ("partially_paid", '"actually_paid":0.0015,"pay_amount":0.002', News.ARRIVED, 7_500),
        ("finished", '"actually_paid":"0.0025","pay_amount":"0.002"', News.ARRIVED, 12_500),
        ("finished", '"actually_paid":1e-7,"pay_amount":3e-7', News.ARRIVED, 3_333),
        ("expired", '"actually_paid":0.001,"pay_amount":0.002', News.ARRIVED, 5_000),
        ("expired", '"actually_paid":0,"pay_amount":0.002', News.FAILED, 10_000),
        ("expired", '"actually_paid":0.00,"pay_amount":0.002', News.FAILED, 10_000),
        ("failed", "", News.FAILED, 10_000),
        ("refunded", "", News.REFUNDED, 10_000),
        ("made_up", "", None, None),
    ],
)
def test_what_nowpayments_statuses_mean_and_what_a_coin_is_worth(status, amounts, news, minor):
    text = amounts and f'"price_amount":100.00,{amounts}'

    found = CRYPTO.parse(ipn(text, payment_status=status))

    assert (found and found.news, found and found.amount.minor) == (news, minor)


@pytest.mark.parametrize(
    ("fiat", "minor"), [("41.237", 4_124), ("0", 10_000), ("null", 10_000), ('"40.00"', 4_000)]
)
def test_a_further_payment_is_worth_what_the_processor_says(fiat, minor):
    text = '"price_amount":100,"pay_amount":0.001,"actually_paid":0.001'
    told = ipn(f'{text},"actually_paid_at_fiat":{fiat}', parent_payment_id=4, order_id=None)

    found = CRYPTO.parse(told)

    assert (found.amount.minor, found.operation_id, found.psp_payment_id) == (minor, "5", "4")
    assert (found.reference, found.asked) == (None, None)
    assert CRYPTO.parse(ipn(payment_status="waiting", parent_payment_id=4)) is None


@pytest.mark.parametrize(
    "amounts",
    [
        '"price_amount":100.005,"pay_amount":1,"actually_paid":1',
        '"price_amount":-100,"pay_amount":1,"actually_paid":1',
        '"price_amount":"1/3","pay_amount":1,"actually_paid":1',
        '"price_amount":1e99999,"pay_amount":1,"actually_paid":1',
        '"price_amount":1e30,"pay_amount":1,"actually_paid":1',
        '"price_amount":true,"pay_amount":1,"actually_paid":1',
        '"price_amount":100,"pay_amount":0,"actually_paid":1',
        '"price_amount":100,"pay_amount":1,"actually_paid":"1,5"',
        '"price_amount":100,"pay_amount":1,"actually_paid":null',
        '"price_amount":100,"pay_amount":1',
        '"price_amount":100,"pay_amount":1,"actually_paid":"٣"',
    ],
)
def test_a_callback_with_an_amount_of_another_form_is_for_a_person_to_see(amounts):
    with pytest.raises(CallbackMalformed):
        CRYPTO.parse(ipn(amounts))


def test_a_callback_about_nothing_of_ours_is_left_alone():
    assert CRYPTO.parse(b'{"id": "1", "status": "FINISHED", "currency": "trx"}') is None
