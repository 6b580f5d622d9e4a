"""Pure rules of the partner tree, of plans and of self-referral."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from operational.kit.money import EXPONENTS

RATES_MAX = 500
_RATE = re.compile(r"\d{1,6}(\.\d{1,8})?")
_CODE = re.compile(r"[A-Z0-9]{3,20}")


@dataclass(frozen=True, slots=True)
class Placement:
    """`parent` stands directly above `child` from `valid_from` until, not including, `valid_to`."""

    child_id: UUID
    parent_id: UUID
    valid_from: datetime
    valid_to: datetime | None

    def holds_at(self, at: datetime) -> bool:
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


@dataclass(frozen=True, slots=True)
class Rate:
    """What one lot of a symbol, or of a group of symbols, pays. `per_lot` is decimal text."""

    id: str
    per_lot: str
    currency: str
    symbol: str | None = None
    symbol_group: str | None = None


def closes_cycle(
    placements: Sequence[Placement], child_id: UUID, parent_id: UUID, since: datetime
) -> bool:
    """Whether putting `child` under `parent` from `since` on would make a circle at any time."""
    moments = {since} | {edge.valid_from for edge in placements if edge.valid_from > since}
    return any(child_id in chain(placements, parent_id, at) for at in moments)


def chain(placements: Iterable[Placement], partner_id: UUID, at: datetime) -> list[UUID]:
    """The partner and everybody above, nearest first, as the tree stands at one moment."""
    above = {edge.child_id: edge.parent_id for edge in placements if edge.holds_at(at)}
    found = [partner_id]
    while (parent := above.get(found[-1])) is not None and parent not in found:
        found.append(parent)
    return found


def rate_faults(rates: Sequence[Rate]) -> list[str]:
    """What is wrong with a plan's rates, in sentences; nothing if they may be published."""
    faults = []
    if not 1 <= len(rates) <= RATES_MAX:
        faults.append(f"A plan has 1 to {RATES_MAX} rates.")
    for rate in rates:
        if (rate.symbol is None) == (rate.symbol_group is None):
            faults.append(f"Rate {rate.id} names either a symbol or a symbol group.")
        if not _RATE.fullmatch(rate.per_lot):
            faults.append(f"Rate {rate.id} pays {rate.per_lot!r}, which is no plain amount.")
        if rate.currency not in EXPONENTS:
            faults.append(f"Rate {rate.id} pays in {rate.currency!r}, which we do not hold.")
    ids = [rate.id for rate in rates]
    targets = [(rate.symbol, rate.symbol_group) for rate in rates]
    if len(set(ids)) < len(ids) or len(set(targets)) < len(targets):
        faults.append("Two rates have one name, or one symbol or group.")
    return faults


def rate_for(rates: Iterable[Rate], symbol: str, symbol_group: str) -> Rate | None:
    """The rate of one deal: by its symbol, else by its group, else none."""
    found = list(rates)
    by_symbol = (rate for rate in found if rate.symbol == symbol)
    by_group = (rate for rate in found if rate.symbol_group == symbol_group)
    return next(by_symbol, None) or next(by_group, None)


def commission(rate: Rate, lots: Decimal) -> Decimal:
    """Exact, unrounded: rounding happens once, when a run is paid."""
    return Decimal(rate.per_lot) * lots


def clean_code(text: str) -> str | None:
    """A referral code as we keep it, or nothing if it cannot be one."""
    code = text.strip().upper()
    return code if _CODE.fullmatch(code) else None
