"""What a payment is, given everything we were told about it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from operational.kit.money import Money, exponent
from operational.payments.states import RANKS, WHOLE, News, PaymentStatus

TOLERANCE = Fraction(1, 200)
"""A deposit off by less than half a percent is paid as it was asked for."""
ARRIVED_TIMES_MAX = 2


# What a unit of a currency is worth against the dollar, to the nearest power of ten.
_SCALE = {"CLP": 1000, "HUF": 100, "IDR": 10_000, "INR": 100, "JPY": 100, "KES": 100, "KRW": 1000}
_SCALE |= {"NGN": 1000, "PHP": 100, "THB": 10, "CZK": 10, "VND": 10_000}
# Likewise for what is worth more than a dollar a unit.
_PRECIOUS = {"BTC": 100_000, "ETH": 1_000}


@dataclass(frozen=True, slots=True)
class Told:
    """One thing the PSP told us. Two with one operation and news are one."""

    news: News
    operation_id: str
    amount_minor: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that moved between the PSP and us: positive came in."""

    kind: str
    op_key: str
    amount_minor: int
    effective_at: datetime
    operation_id: str = ""
    """The PSP's id of what moved."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a payment stands: its status, and all money it has moved, in posting order."""

    status: PaymentStatus
    movements: tuple[Movement, ...]

    @property
    def taken_minor(self) -> int:
        """What came in, before anything went back."""
        return _total(self.movements, {"deposit"})


class Impossible(ValueError):
    """What we were told cannot all be true."""


class TooMuchArrived(ValueError):
    """A piece over twice what was asked for is a slip or somebody else's money: a person decides.

    Each piece is looked at alone, so that it does not matter which of several came first.
    """


class TooMuch(Impossible):
    """More was given back than came in, unless more came, or some of it failed, which is told later."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What one piece of news moves: its name in the books, its sign, and what it undoes."""

    kind: str
    sign: int
    undoes: str | None = None
    """The movement of the same operation without which this one has nothing to undo."""


_STEPS = {
    News.CAPTURE_FAILED: _Step("capture_failed", -1, undoes="deposit"),
    News.REFUNDED: _Step("refund", -1),
    News.REFUND_FAILED: _Step("refund_failed", +1, undoes="refund"),
    News.CHARGED_BACK: _Step("chargeback", -1),
    News.CHARGEBACK_WON: _Step("chargeback_won", +1, undoes="chargeback"),
    News.CHARGED_BACK_AGAIN: _Step("second_chargeback", -1, undoes="chargeback_won"),
}
_DISPUTES = frozenset({"chargeback", "chargeback_won", "second_chargeback"})


def judge(
    payment_id: str, amount_minor: int, told: Collection[Told], agreed_minor: int | None = None
) -> Verdict:
    """Decide on the set of things told, so that neither order nor repetition can matter.

    What is given back waits for the capture, and what undoes a movement waits for that movement:
    money that was never taken cannot come back.

    Raises:
        Impossible: captured twice, two chargebacks, more undone than was done, or one arrival of
            two amounts.
        TooMuch, TooMuchArrived: see there.
    """
    ordered = sorted(told, key=lambda one: (RANKS[one.news], one.occurred_at, one.operation_id))
    deposits = _captured(payment_id, amount_minor, ordered)
    deposits |= _arrived(payment_id, amount_minor, ordered, agreed_minor or 0)
    taken_minor = sum(one.amount_minor for one in deposits.values())
    returns = list(_returns(payment_id, deposits, ordered))
    # Also before anything came: what cannot be is refused when it is told, and not what comes after it.
    _check(returns, taken_minor or amount_minor)
    if not deposits:
        return Verdict(_uncaptured(ordered), ())
    return Verdict(_standing(returns, taken_minor, amount_minor), (*deposits.values(), *returns))


def _captured(payment_id: str, amount_minor: int, ordered: Iterable[Told]) -> dict[str, Movement]:
    """The capture of the whole amount, by the provider's id of it."""
    captures = [one for one in ordered if one.news is News.SUCCEEDED]
    if len({one.operation_id for one in captures}) > 1:
        raise Impossible("it was captured twice, as two payments of the provider")
    return {
        one.operation_id: Movement(
            "deposit", f"deposit:{payment_id}", amount_minor, one.occurred_at
        )
        for one in captures[:1]
    }


def _arrived(
    payment_id: str, amount_minor: int, ordered: Iterable[Told], agreed_minor: int
) -> dict[str, Movement]:
    """Each piece that arrived, by the provider's id of it."""
    piece_minor_max = max(amount_minor * ARRIVED_TIMES_MAX, agreed_minor)
    pieces: dict[str, Movement] = {}
    for one in ordered:
        if one.news is not News.ARRIVED:
            continue
        if one.amount_minor > piece_minor_max:
            raise TooMuchArrived(f"{one.amount_minor} arrived where {amount_minor} was asked for")
        key = f"deposit:{payment_id}:{one.operation_id}"
        piece = Movement("deposit", key, one.amount_minor, one.occurred_at)
        known = pieces.setdefault(one.operation_id, piece)
        if known.amount_minor != one.amount_minor:
            amounts = f"{known.amount_minor} and {one.amount_minor}"
            raise Impossible(f"{one.operation_id} is told to have brought {amounts}")
    return pieces


def _uncaptured(ordered: Iterable[Told]) -> PaymentStatus:
    """What is given back proves nothing before the capture is told."""
    proven = [one.news for one in ordered if one.news in WHOLE]
    if not proven:
        return PaymentStatus.CREATED
    failed = proven[-1] is News.CAPTURE_FAILED
    return PaymentStatus.FAILED if failed else PaymentStatus(proven[-1])


def first_piece(told: Collection[Told]) -> str | None:
    """The provider's id of the piece that arrived first."""
    arrived = [one for one in told if one.news is News.ARRIVED]
    first = min(arrived, key=lambda one: (one.occurred_at, one.operation_id), default=None)
    return first.operation_id if first else None


def _returns(
    payment_id: str, deposits: Mapping[str, Movement], ordered: Iterable[Told]
) -> Iterable[Movement]:
    """Every step once per operation; one that undoes another only after it, in order of rank."""
    moved = {("deposit", name): one.amount_minor for name, one in deposits.items()}
    for one in ordered:
        step = _STEPS.get(one.news)
        if step is None or (step.kind, one.operation_id) in moved:
            continue
        if step.undoes:
            undone = moved.get((step.undoes, one.operation_id))
            if undone is None:
                continue
            if one.amount_minor > undone:
                raise Impossible(f"{step.kind} of {one.amount_minor}, where {undone} was moved")
        moved[step.kind, one.operation_id] = one.amount_minor
        op_key = f"{step.kind}:{payment_id}:{one.operation_id}"
        moved_minor = step.sign * one.amount_minor
        yield Movement(step.kind, op_key, moved_minor, one.occurred_at, one.operation_id)


def _check(returns: Collection[Movement], amount_minor: int) -> None:
    if sum(one.kind == "chargeback" for one in returns) > 1:
        raise Impossible("it was charged back twice")
    if any(-one.amount_minor > amount_minor for one in returns):
        raise TooMuch(f"more was taken back at once than the {amount_minor} that came in")
    refunded = _total(returns, {"refund", "refund_failed"})
    if -refunded > amount_minor:
        raise TooMuch(f"{-refunded} was refunded of the {amount_minor} that came in")


def _standing(returns: Sequence[Movement], taken_minor: int, amount_minor: int) -> PaymentStatus:
    """Where a captured payment stands after all that followed."""
    kept_minor = taken_minor + _total(returns, {"capture_failed"})
    if kept_minor == 0:
        return PaymentStatus.FAILED
    disputes = [one.kind for one in returns if one.kind in _DISPUTES]
    if disputes:
        won = disputes[-1] == "chargeback_won"
        return PaymentStatus.CHARGEBACK_WON if won else PaymentStatus.CHARGED_BACK
    if _total(returns, {"refund", "refund_failed"}) < 0:
        return PaymentStatus.REFUNDED
    return _compared(kept_minor, amount_minor)


def _compared(kept_minor: int, amount_minor: int) -> PaymentStatus:
    """Whether as much came as was asked for. A bank's charge or a coin's rate takes a little."""
    off = kept_minor - amount_minor
    if abs(off) <= amount_minor * TOLERANCE:
        return PaymentStatus.SUCCEEDED
    return PaymentStatus.UNDERPAID if off < 0 else PaymentStatus.OVERPAID


def _total(movements: Iterable[Movement], kinds: Collection[str]) -> int:
    return sum(one.amount_minor for one in movements if one.kind in kinds)


def shares(moved_minor: int, *, available_minor: int, owed_minor: int) -> tuple[int, int]:
    """Of money that moved, what the client's wallet gets and what the client's debt.

    Money that comes in pays a debt first. A return takes what is there, and the rest is owed: a
    chargeback comes months later, when the money may be spent, and must land all the same.
    """
    is_return = moved_minor < 0
    to_debt = min(available_minor + moved_minor, 0) if is_return else min(owed_minor, moved_minor)
    return moved_minor - to_debt, to_debt


def coarse_usd(amount: Money) -> int:
    """What an amount is worth in dollars, whatever its sign, to the nearest power of ten.

    For limits, never for books: rounded up, so that nothing counts as nothing.
    """
    unit: int = _SCALE.get(amount.currency, 1) * 10 ** exponent(amount.currency)
    return -(-abs(amount.minor) * _PRECIOUS.get(amount.currency, 1) // unit)
