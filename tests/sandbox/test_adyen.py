"""The Adyen stand-in: what it signs, what it keeps, what it refuses."""

import csv
import io
import json
from collections import defaultdict
from decimal import Decimal

import pytest
from Adyen.util import is_valid_hmac_notification

from sandbox.adyen.vendor import Adyen, signature

PAYOUT = "/pal/servlet/Payout/v68"
MERCHANT = "KingpostECOM"


def payment(reference: str, at: str = "2026-03-02T10:00:00Z", **more: object) -> dict[str, object]:
    what = {"op": "pay", "at": at, "value": 10_000, "currency": "EUR"}
    return what | {"reference": reference} | more


def item_of(callback) -> dict[str, object]:
    [item] = callback.event["notificationItems"]
    return item["NotificationRequestItem"]


def link(client, reference: str) -> dict[str, object]:
    asked = {
        "merchantAccount": MERCHANT,
        "amount": {"value": 12_345, "currency": "EUR"},
        "reference": reference,
        "returnUrl": "http://broker.test/back",
    }
    return client.post("/v71/paymentLinks", json=asked).json()


def submit(client, reference: str, iban: str = "DE89 3704 0044 0532 0130 00"):
    asked = {
        "merchantAccount": MERCHANT,
        "amount": {"value": 500, "currency": "EUR"},
        "reference": reference,
        "bank": {"iban": iban, "ownerName": "A Client"},
        "recurring": {"contract": "PAYOUT"},
    }
    return client.post(f"{PAYOUT}/storeDetailAndSubmitThirdParty", json=asked)


def confirm(client, psp_reference: str):
    asked = {"merchantAccount": MERCHANT, "originalReference": psp_reference}
    return client.post(f"{PAYOUT}/confirmThirdParty", json=asked)


def test_a_signature_is_the_published_one():
    key = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
    item = {
        "pspReference": "7914073381342284",
        "merchantAccountCode": "TestMerchant",
        "merchantReference": "TestPayment-1407325143704",
        "amount": {"value": 1130, "currency": "EUR"},
        "eventCode": "AUTHORISATION",
        "success": "true",
    }

    assert signature(key, item) == "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0="


def test_the_official_library_accepts_every_kind_of_notification(adyen, reference):
    paid = adyen.moves(payment(reference), deliver="return")
    payments = [paid["objects"][0]["id"]]
    more = adyen.moves(
        payment(f"{reference}-no", card="4000000000000002"),
        {"op": "refund", "at": "2026-03-03", "id": payments[0], "value": 100, "reference": "W-1"},
        {"op": "chargeback", "at": "2026-03-04", "id": payments[0]},
        deliver="return",
    )
    key = adyen.secrets["hmac_keys"][0]

    kinds = set()
    for callback in [*paid["callbacks"], *more["callbacks"]]:
        body = json.loads(callback["body"])
        kinds.add(callback["type"])
        assert is_valid_hmac_notification(body, key)
        assert not is_valid_hmac_notification(json.loads(callback["body"]), "00" * 32)
    assert kinds == {"AUTHORISATION", "REFUND", "NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK"}


def test_a_forged_notification_does_not_verify():
    item = {
        "pspReference": "A",
        "merchantAccountCode": "B",
        "merchantReference": "C",
        "amount": {"value": 1, "currency": "EUR"},
        "eventCode": "AUTHORISATION",
        "success": "true",
    }
    parcel = Adyen({"hmac_keys": ["AB" * 32]}).parcel(item, 0, forged=True)

    assert not is_valid_hmac_notification(json.loads(parcel.body), "AB" * 32)


def test_a_person_pays_on_the_hosted_page_and_the_broker_is_told(adyen, reference, eventually):
    client = adyen.authorised()
    opened = link(client, reference)

    refused = client.post(opened["url"], data={"card": "4000 0000 0000 0002"})
    paid = client.post(opened["url"], data={"card": "4111 1111 1111 1111"})

    assert refused.status_code == 402
    assert paid.headers["location"] == "http://broker.test/back"
    eventually(lambda: len(adyen.endpoint.about(reference)) == 2)
    items = sorted(map(item_of, adyen.endpoint.about(reference)), key=lambda item: item["success"])
    assert [item["success"] for item in items] == ["false", "true"]
    assert items[1]["amount"] == {"value": 12_345, "currency": "EUR"}
    assert client.get(f"/v71/paymentLinks/{opened['id']}").json()["status"] == "completed"


def test_a_hosted_session_says_what_became_of_it(adyen, reference):
    client = adyen.authorised()
    asked = {
        "merchantAccount": MERCHANT,
        "amount": {"value": 700, "currency": "USD"},
        "reference": reference,
        "returnUrl": "http://broker.test/back",
        "mode": "hosted",
    }
    opened = client.post("/v71/sessions", json=asked).json()
    place = f"/v71/sessions/{opened['id']}"
    unasked = client.get(place)

    client.post(opened["url"], data={"card": "4000000000000002"})
    back = client.post(opened["url"], data={"card": "4111111111111111"}).next_request.url

    result = back.params["sessionResult"]
    after = client.get(place, params={"sessionResult": result}).json()
    made_up = client.get(place, params={"sessionResult": "made up"})
    assert (unasked.status_code, made_up.status_code) == (422, 422)
    assert (back.path, back.params["sessionId"]) == ("/back", opened["id"])
    assert after["status"] == "completed"
    results = [payment["resultCode"] for payment in after["payments"]]
    assert results == ["Refused", "Authorised"]


@pytest.mark.parametrize(
    ("card", "result"), [("4111111111111111", "Authorised"), ("4000000000000002", "Refused")]
)
def test_a_card_is_authorised_or_refused_by_its_number(adyen, reference, card, result):
    asked = {
        "merchantAccount": MERCHANT,
        "amount": {"value": 700, "currency": "USD"},
        "reference": reference,
        "paymentMethod": {"type": "scheme", "encryptedCardNumber": f"test_{card}"},
    }

    assert adyen.authorised().post("/v71/payments", json=asked).json()["resultCode"] == result


def test_a_payout_is_submitted_then_confirmed_then_paid(adyen, reference, eventually):
    client = adyen.authorised()
    submitted = submit(client, reference).json()

    confirmed = confirm(client, submitted["pspReference"]).json()

    assert submitted["resultCode"] == "[payout-submit-received]"
    assert confirmed["resultCode"] == "[payout-confirm-received]"
    item = item_of(eventually(lambda: adyen.endpoint.about(reference))[0])
    assert (item["eventCode"], item["success"]) == ("PAYOUT_THIRDPARTY", "true")
    assert item["pspReference"] == submitted["pspReference"]


def test_a_payout_nobody_confirmed_is_not_paid(adyen, reference):
    client = adyen.authorised()
    submitted = submit(client, reference).json()["pspReference"]
    asked = {"merchantAccount": MERCHANT, "originalReference": submitted}

    declined = client.post(f"{PAYOUT}/declineThirdParty", json=asked)

    assert declined.json()["resultCode"] == "[payout-decline-received]"
    assert confirm(client, submitted).json()["errorCode"] == "800"


def test_a_payout_to_a_bad_account_comes_back_after_it_was_paid(adyen, reference, eventually):
    client = adyen.authorised()
    submitted = submit(client, reference, "DE00 3704 0044 0532 0130 00").json()
    confirm(client, submitted["pspReference"])

    eventually(lambda: len(adyen.endpoint.about(reference)) == 2)

    told = [item_of(callback) for callback in adyen.endpoint.about(reference)]
    assert [item["eventCode"] for item in told] == ["PAYOUT_THIRDPARTY", "PAIDOUT_REVERSED"]
    assert told[1]["originalReference"] == submitted["pspReference"]


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (None, "100"),
        ({"value": "5", "currency": "EUR"}, "100"),
        ({"value": 0, "currency": "EUR"}, "137"),
        ({"value": 5, "currency": "XXX"}, "138"),
        ({"value": 5}, "138"),
    ],
)
def test_an_amount_without_sense_is_refused(adyen, reference, amount, code):
    asked = {"merchantAccount": MERCHANT, "reference": reference, "amount": amount}

    answer = adyen.authorised().post("/v71/paymentLinks", json=asked)

    assert (answer.status_code, answer.json()["errorCode"]) == (422, code)


def test_an_iban_that_is_none_is_refused(adyen, reference):
    answer = submit(adyen.authorised(), reference, "12345")

    assert (answer.status_code, answer.json()["errorCode"]) == (422, "161")


def test_the_same_key_gives_the_same_answer_and_pays_once(adyen, reference):
    client = adyen.authorised()
    client.headers["Idempotency-Key"] = f"key-{reference}"

    first, second = submit(client, reference), submit(client, reference)
    other = submit(client, f"{reference}-other")

    assert first.json() == second.json()
    assert (other.status_code, other.json()["errorCode"]) == (422, "704")


@pytest.mark.parametrize(
    ("headers", "merchant", "status"),
    [({"X-API-Key": "wrong"}, MERCHANT, 401), ({}, "SomebodyElse", 403)],
)
def test_without_its_key_and_merchant_nobody_is_served(adyen, headers, merchant, status):
    client = adyen.authorised()
    client.headers.update(headers)

    answer = client.post("/v71/payments", json={"merchantAccount": merchant})

    assert answer.status_code == status


def test_settlement_foots_to_nothing_with_the_merchant_payout(own_server):
    server = own_server("adyen")
    days = ["2026-03-27", "2026-03-28", "2026-03-29"]
    moves = [
        payment(f"D-{day}-{currency}-{i}", f"{day}T1{i}:00:00Z", value=1_999 + i, currency=currency)
        for day in days
        for currency in ("EUR", "USD", "JPY")
        for i in range(3)
    ]
    payments = server.moves(*moves)["objects"]
    server.moves(
        {"op": "refund", "at": "2026-03-29T10:00:00Z", "id": payments[3]["id"], "value": 999},
        {"op": "chargeback", "at": "2026-03-29T11:00:00Z", "id": payments[9]["id"]},
    )
    client = server.authorised()
    reports = client.get("/reports").json()

    for listed in reports:
        rows = list(csv.DictReader(io.StringIO(client.get(f"/reports/{listed['id']}").text)))
        assert {row["Batch Number"] for row in rows} == {str(listed["batch"])}
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for row in rows:
            number = {
                name: Decimal(value or 0) for name, value in row.items() if name[-4:] == "(NC)"
            }
            sums["net"] += number["Net Credit (NC)"] - number["Net Debit (NC)"]
            if row["Type"] != "MerchantPayout":
                gross = Decimal(row["Gross Credit (GC)"] or 0) - Decimal(
                    row["Gross Debit (GC)"] or 0
                )
                fees = (
                    number["Markup (NC)"] + number["Scheme Fees (NC)"] + number["Interchange (NC)"]
                )
                net = number["Net Credit (NC)"] - number["Net Debit (NC)"]
                assert gross - fees == net
        assert sums["net"] == 0
        assert rows[-1]["Type"] == "MerchantPayout"
        assert rows[-1]["Modification Reference"].endswith(f"batch {listed['batch']}")
    assert len(reports) == 9
    # The clocks changed on 29 March: the payout of 29 March is dated in winter time.
    first = list(csv.DictReader(io.StringIO(client.get(f"/reports/{reports[0]['id']}").text)))
    assert (first[-1]["Creation Date"], first[-1]["TimeZone"]) == ("2026-03-29 00:00:00", "CET")


def test_a_new_report_is_announced_with_its_address(own_server, eventually):
    server = own_server("adyen")
    server.moves(payment("D-1"))
    client = server.authorised()

    [listed] = client.get("/reports").json()

    item = item_of(eventually(lambda: server.endpoint.about("REPORT_AVAILABLE"))[0])
    assert item["pspReference"] == listed["id"]
    assert client.get(item["reason"]).text.startswith("Company Account,")
