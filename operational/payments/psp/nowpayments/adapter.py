"""NOWPayments: prices in the client's currency, paid in a coin; callbacks signed over sorted JSON.

A deposit is an invoice. Each coin the client chooses on its page, and each further payment to an
address used before, is a payment of its own at NOWPayments: a piece of our deposit.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pyotp

from operational.kit.signatures import NumberText, is_signed, sorted_json
from operational.kit.vendors import trust
from operational.payments.errors import CallbackRefused
from operational.payments.psp import (
    Created,
    Order,
    PayoutOrder,
    PayoutSent,
    PspEvent,
    PspPayment,
    PspPayout,
    PspRefused,
    PspUnavailable,
    SignedEvent,
    strict,
)
from operational.payments.psp.nowpayments.amounts import fiat, money, priced, worth
from operational.payments.psp.wire import TIMEOUT_SECONDS, answered, listed
from operational.payments.states import Network, News, PayoutNews

_OPEN = frozenset({"waiting", "confirming", "confirmed", "sending"})
_ARRIVED = frozenset({"partially_paid", "finished"})
_PAYOUTS = {
    "finished": PayoutNews.PAID,
    "failed": PayoutNews.FAILED,
    "rejected": PayoutNews.FAILED,
}
"""Whatever else it says of one (waiting, creating, processing, sending): it has it."""
_UNVERIFIED = frozenset({"creating", "waiting"})

_PAGE = 100
_PAGES_MAX = 50
_LOOK_BACK = timedelta(days=30)
"""A payout is looked for by our reference while its answer is missing: minutes, days at most."""
_DUST = NumberText("0.000001")
"""The amount in the coin must be there, and gives way to the amount in fiat money: were it taken
at its word, it should be of no worth."""


class NowPayments:
    """See `Psp`. It gives nothing back to where it came from: an address may be an exchange's."""

    name = "nowpayments"
    pays_to = frozenset({"crypto"})
    merchant: str | None = None
    ack = b""
    signature_headers: tuple[str, ...] = ("x-nowpayments-sig",)

    def __init__(
        self,
        url: str,
        *,
        api_key: str,
        ipn_secrets: Sequence[str],
        email: str,
        password: str,
        totp_secret: str,
        is_live: bool = False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        # Callbacks do not say their mode; test and live have secrets of their own.
        self.is_live = is_live
        self._secrets = [secret.encode() for secret in ipn_secrets]
        self._login = {"email": email, "password": password}
        self._totp_secret = totp_secret
        self._client = httpx.Client(
            base_url=url,
            verify=trust(),
            headers={"x-api-key": api_key, "Content-Type": "application/json"},
            timeout=TIMEOUT_SECONDS,
            transport=transport,
        )

    def close(self) -> None:
        self._client.close()

    def create_payment(self, order: Order) -> Created:
        body = {
            "price_amount": fiat(order.amount),
            "price_currency": order.amount.currency.lower(),
            "order_id": order.reference,
            "order_description": f"Deposit {order.reference}",
            "success_url": order.return_url,
            "cancel_url": order.return_url,
            "partially_paid_url": order.return_url,
        }
        invoice = answered(self._call("POST", "/v1/invoice", body), self._client)
        return Created(None, str(invoice["id"]), str(invoice["invoice_url"]))

    def find_payment(
        self,
        reference: str,
        session_id: str | None,
        session_result: str | None,  # noqa: ARG002 - the invoice finds its payments
    ) -> PspPayment | None:
        """Every payment of the invoice. One nobody was shown is not found, and nobody misses it."""
        if session_id is None:
            return None
        query = {"invoiceId": session_id, "limit": str(_PAGE), "page": "0"}
        call = self._call("GET", "/v1/payment/", query=query, token=self._token())
        payments = answered(call, self._client)["data"]
        events = [event for one in payments for event in self._polled(reference, one)]
        return PspPayment(Created(None, session_id, ""), tuple(events))

    def _polled(self, reference: str, payment: dict[str, Any]) -> Iterator[PspEvent]:
        """One payment as the callbacks would have told of it. Given back, it is over."""
        payment = payment | {"order_id": payment.get("order_id") or reference}
        status = strict.text(payment, "payment_status")
        told = [payment]
        if status == "refunded":
            told.append(payment | {"payment_status": "failed"})
        yield from filter(None, map(self._of_payment, told))

    def send_payout(self, order: PayoutOrder) -> PayoutSent:
        # Our names of coins on their networks are NOWPayments' own.
        network = order.destination.get("network", "")
        if order.source_payment_id is not None or network not in set(Network):
            raise PspRefused(
                f"NOWPayments pays to an address, and not on {network or 'no network'}."
            )
        withdrawal = {
            "address": order.destination["address"],
            "currency": network,
            "amount": _DUST,
            "fiat_amount": fiat(order.amount),
            "fiat_currency": order.amount.currency.lower(),
            "unique_external_id": order.reference,
        }
        body = {"payout_description": order.reference, "withdrawals": [withdrawal]}
        token = self._token()
        batch = answered(self._call("POST", "/v1/payout", body, token=token), self._client)
        [sent] = batch["withdrawals"]
        self._verify(str(batch["id"]), token)
        return PayoutSent(str(sent["id"]))

    def _verify(self, batch_id: str, token: str) -> None:
        """Confirm a batch with a one-time code. Unverified, nothing is paid, and it ends in an hour.

        Raises:
            PspUnavailable: also where it said no: the payout is there, and is not to be sent again.
        """
        body = {"verification_code": pyotp.TOTP(self._totp_secret).now()}
        call = self._call("POST", f"/v1/payout/{batch_id}/verify", body, token=token)
        try:
            answer = self._client.send(call)
        except httpx.HTTPError as error:
            raise PspUnavailable(f"{call.url.path}: {type(error).__name__}") from error
        if not answer.is_success:
            raise PspUnavailable(f"{call.url.path}: HTTP {answer.status_code}")

    def find_payout(
        self,
        reference: str,
        psp_payout_id: str | None,
        source_payment_id: str | None,  # noqa: ARG002 - it gives nothing back
    ) -> PspPayout | None:
        token = self._token()
        found = self._payout(reference, psp_payout_id, token)
        if found is None:
            return None
        if _status(found, "status") in _UNVERIFIED:
            self._verify(str(found["batch_withdrawal_id"]), token)
        return PspPayout(PayoutSent(str(found["id"])), (self._of_payout(found),))

    def _payout(
        self, reference: str, psp_payout_id: str | None, token: str
    ) -> dict[str, Any] | None:
        """By its id, or by our reference among all, the newest first.

        Raises:
            PspUnavailable: too many to look through: better none than one twice.
        """
        if psp_payout_id:
            [found] = listed(
                self._call("GET", f"/v1/payout/{psp_payout_id}", token=token), self._client
            )
            return found
        named: list[dict[str, Any]] = []
        newest = None
        order = {"order_by": "dateCreated", "order": "desc", "limit": str(_PAGE)}
        for page in range(_PAGES_MAX):
            query = order | {"page": str(page)}
            call = self._call("GET", "/v1/payout", query=query, token=token)
            payouts = answered(call, self._client)["payouts"]
            named += [one for one in payouts if one.get("unique_external_id") == reference]
            newest = newest or _made_at(payouts[:1])
            if len(payouts) < _PAGE or newest - _made_at(payouts[-1:]) > _LOOK_BACK:
                return min(named, key=_remoteness, default=None)
        raise PspUnavailable(f"/v1/payout: {reference} is not among the newest payouts")

    def _token(self) -> str:
        """Good for five minutes; what needs one is rare enough to ask each time."""
        return str(answered(self._call("POST", "/v1/auth", self._login), self._client)["token"])

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> httpx.Request:
        """Amounts go as numbers, to the last digit: no float in between."""
        headers = {"Authorization": f"Bearer {token}"} if token else None
        content = None if body is None else sorted_json(dict(body)).encode()
        return self._client.build_request(
            method, path, content=content, params=query, headers=headers
        )

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> list[SignedEvent]:  # noqa: ARG002 - the signature holds no time
        told = strict.document(body)
        message = sorted_json(told).encode()
        marks = [headers.get("x-nowpayments-sig", "")]
        if not is_signed(self._secrets, message, marks, algorithm="sha512"):
            raise CallbackRefused("signature")
        return [SignedEvent(_external_id(told), body)]

    def parse(self, body: bytes) -> PspEvent | None:
        told = strict.document(body)
        if "batch_withdrawal_id" in told:
            # One nobody verified may be a double of one that was. Whether ours was rejected is found
            # by asking, where all of one reference are seen together.
            return None if _status(told, "status") == "rejected" else self._of_payout(told)
        return self._of_payment(told) if "payment_id" in told else None

    def _of_payment(self, told: dict[str, Any]) -> PspEvent | None:
        status = _status(told, "payment_status")
        news = _news(status, told)
        parent = told.get("parent_payment_id")
        # A further payment to the same address has a price of its own: only what it brought counts.
        if news is None or (parent and news not in {News.ARRIVED, News.REFUNDED}):
            return None
        price = priced(told)
        is_part = news in {News.ARRIVED, News.REFUNDED}
        payment_id = _id(told, "payment_id")
        return PspEvent(
            external_id=_external_id(told),
            news=news,
            operation_id=payment_id,
            psp_payment_id=str(parent or payment_id),
            reference=told.get("order_id") or None,
            amount=worth(told, is_further=bool(parent)) if is_part else price,
            occurred_at=_moment(told.get("updated_at")),
            is_live=self.is_live,
            asked=price if news is News.ARRIVED and not parent else None,
            details=_details(told, status, news),
        )

    def _of_payout(self, told: dict[str, Any]) -> PspEvent:
        """What became of it, as far as it is the one we verified: see `parse`."""
        status = _status(told, "status")
        news = _PAYOUTS.get(status, PayoutNews.SENT)
        payout_id = _id(told, "id")
        reason = told.get("error") or status
        return PspEvent(
            external_id=_external_id(told),
            news=news,
            operation_id=payout_id,
            psp_payment_id=payout_id,
            reference=told.get("unique_external_id") or None,
            amount=money(told, "fiat_amount", "fiat_currency"),
            occurred_at=_moment(told.get("updated_at")),
            is_live=self.is_live,
            details={"reason": reason} if news is PayoutNews.FAILED else {},
        )


def _news(status: str, told: dict[str, Any]) -> News | None:
    """What a status means. Money that came too late for the price came all the same."""
    if status in _ARRIVED or (status == "expired" and _is_paid(told)):
        return News.ARRIVED
    if status in _OPEN:
        return News.PENDING
    return {"failed": News.FAILED, "expired": News.FAILED, "refunded": News.REFUNDED}.get(status)


def _is_paid(told: dict[str, Any]) -> bool:
    """Whether anything came."""
    return any(sign in "123456789" for sign in str(told.get("actually_paid") or 0))


def _details(told: dict[str, Any], status: str, news: News) -> dict[str, Any]:
    if news is News.ARRIVED:
        return {"paid": f"{told['actually_paid']} {told['pay_currency']}"}
    return {"reason": status} if news is News.FAILED else {}


def _made_at(payouts: Sequence[dict[str, Any]]) -> datetime:
    """When the one payout given was made; far back if it does not say, or there is none."""
    made = _moment(payouts[0].get("created_at")) if payouts else None
    return made or datetime.min.replace(tzinfo=UTC)


def _remoteness(payout: dict[str, Any]) -> int:
    """Of several with one reference: one on its way first, then one to be verified."""
    status = _status(payout, "status")
    if status in _UNVERIFIED:
        return 1
    return 2 if _PAYOUTS.get(status) is PayoutNews.FAILED else 0


def _status(told: dict[str, Any], name: str) -> str:
    """Payments write theirs small, payouts large."""
    return strict.text(told, name).lower()


def _id(told: dict[str, Any], name: str) -> str:
    """A number, in answers of older age a text."""
    value = told.get(name)
    return str(value) if isinstance(value, int) else strict.text(told, name)


def _external_id(told: dict[str, Any]) -> str:
    """NOWPayments gives its callbacks no id. All of these are signed."""
    if "batch_withdrawal_id" in told:
        return f"payout:{_id(told, 'id')}:{_status(told, 'status')}"
    parts = (_id(told, "payment_id"), _status(told, "payment_status"), told.get("actually_paid"))
    return ":".join(map(str, parts))


def _moment(text: object) -> datetime | None:
    """The time of the last change; callbacks may lack it."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
