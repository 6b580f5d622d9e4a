"""The bank's host-to-host door: files of ours go in, reports on them come out. It calls nobody."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import httpx

from operational.kit import iban
from operational.kit.clock import utc_now
from operational.kit.vendors import trust
from operational.payments.errors import CallbackRefused
from operational.payments.psp import (
    Account,
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
)
from operational.payments.psp.bank.credit_transfer import (
    Party,
    Status,
    Unreadable,
    credit_transfer,
    status_of,
)
from operational.payments.psp.wire import TIMEOUT_SECONDS
from operational.payments.states import PayoutNews

_NOT_FOUND, _CONFLICT, _TOO_MANY, _SERVER_ERROR = 404, 409, 429, 500

# ISO 20022 ExternalPaymentTransactionStatus1Code; what is not here is on its way.
_NEWS = {
    "ACSC": PayoutNews.PAID,
    "ACCC": PayoutNews.PAID,
    "RJCT": PayoutNews.FAILED,
    "CANC": PayoutNews.FAILED,
}


class Bank:
    """See `Psp`. What comes in, statements tell: `transfers` hears of it from the lake."""

    name = "bank"
    merchant: str | None = None
    pays_to = frozenset({"bank_transfer"})
    ack = b""
    signature_headers: tuple[str, ...] = ()

    def __init__(
        self,
        url: str,
        *,
        token: str,
        accounts: Sequence[Account],
        is_live: bool = False,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.is_live = is_live
        self._accounts = {account.currency: account for account in accounts}
        self._client = httpx.Client(
            base_url=url,
            verify=trust(),
            headers={"Authorization": f"Bearer {token}"},
            timeout=TIMEOUT_SECONDS,
            transport=transport,
        )

    def close(self) -> None:
        self._client.close()

    def account(self, currency: str) -> Account:
        """Where money in that currency goes to.

        Raises:
            PspRefused: we have no account in it.
        """
        found = self._accounts.get(currency)
        if found is None:
            raise PspRefused(f"We have no bank account in {currency}.")
        return found

    def create_payment(self, order: Order) -> Created:
        """Nothing to open: the client's own page shows our account and the reference to quote."""
        self.account(order.amount.currency)
        return Created(None, order.reference, order.return_url)

    def find_payment(
        self, reference: str, session_id: str | None, session_result: str | None
    ) -> PspPayment | None:
        """A bank does not know of a transfer before it is there; then its statements tell."""
        del reference, session_id, session_result
        return None

    def send_payout(self, order: PayoutOrder) -> PayoutSent:
        if order.source_payment_id is not None:
            raise PspRefused("A bank gives no transfer back; pay to the client's account instead.")
        account = self.account(order.amount.currency)
        target = iban.compact(order.destination.get("iban", ""))
        if not iban.is_valid(target):
            raise PspRefused("The IBAN's check digits do not hold.")
        file = credit_transfer(
            order.reference,
            order.amount,
            debtor=Party(account.holder, account.iban, account.bic),
            creditor=Party(order.holder_name, target, order.destination.get("bic")),
            now=utc_now(),
        )
        headers = {"Content-Type": "application/xml"}
        answer = self._send("POST", "/h2h/payments", content=file, headers=headers)
        if answer.status_code == _CONFLICT:
            # A file of this name came before: it is this very payment, for names are never reused.
            return PayoutSent(order.reference)
        status = self._read(answer, order.reference)
        if status.code == "RJCT":
            raise PspRefused(f"The bank rejected it: {status.reason or 'no reason given'}.")
        return PayoutSent(order.reference)

    def find_payout(
        self, reference: str, psp_payout_id: str | None, source_payment_id: str | None
    ) -> PspPayout | None:
        """The bank's newest report on the payment of that end-to-end id."""
        del psp_payout_id, source_payment_id
        answer = self._send("GET", f"/h2h/payments/{reference}")
        if answer.status_code == _NOT_FOUND:
            return None
        return PspPayout(PayoutSent(reference), (self._told(self._read(answer, reference)),))

    def _told(self, status: Status) -> PspEvent:
        return PspEvent(
            external_id=f"poll:{status.end_to_end_id}:{status.code}",
            news=_NEWS.get(status.code, PayoutNews.SENT),
            operation_id=status.end_to_end_id,
            psp_payment_id=status.end_to_end_id,
            reference=status.end_to_end_id,
            amount=status.amount,
            occurred_at=None,
            is_live=self.is_live,
            details={"reason": status.reason} if status.reason else {},
        )

    def _send(
        self, method: str, path: str, *, content: bytes = b"", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        try:
            answer = self._client.request(method, path, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise PspUnavailable(f"{path}: {type(error).__name__}") from error
        if answer.status_code == _TOO_MANY or answer.status_code >= _SERVER_ERROR:
            raise PspUnavailable(f"{path}: HTTP {answer.status_code}")
        return answer

    def _read(self, answer: httpx.Response, reference: str) -> Status:
        if not answer.is_success:
            said = f"{answer.request.url.path}: HTTP {answer.status_code} {answer.text[:200]}"
            raise PspRefused(said, answer.text)
        try:
            return status_of(answer.content, reference)
        except Unreadable as error:
            raise PspUnavailable(f"{answer.request.url.path}: {error}") from error

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> list[SignedEvent]:
        """A bank calls nobody: whoever calls in its name is not the bank."""
        del headers, body, now
        raise CallbackRefused("header")

    def parse(self, body: bytes) -> PspEvent | None:
        """Nothing: its lines have a handler of their own, in `transfers`."""
        del body
        return None
