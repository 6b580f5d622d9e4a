"""What a break's difference is booked against, and which lines make it whole. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from operational.reconciliation.errors import LineUnknown, NothingToPost
from operational.reconciliation.states import Action, Leg


@dataclass(frozen=True, slots=True)
class NamedAccount:
    """A house account that a difference may be booked to."""

    name: str
    kind: str
    title: str


WRITE_OFF = NamedAccount("break_loss", "expense", "Breaks written off")

ACCOUNTS: dict[str, NamedAccount] = {
    account.name: account
    for account in (
        NamedAccount("psp_fees", "expense", "Fees of PSPs"),
        NamedAccount("bank_fees", "expense", "Fees of banks"),
        NamedAccount("fx_difference", "expense", "Exchange differences"),
        NamedAccount("rounding_difference", "expense", "Rounding"),
        NamedAccount("psp_reserve", "asset", "Reserves kept by PSPs"),
        NamedAccount("unallocated", "liability", "Money of clients not yet known"),
    )
}
"""What an adjustment may name. No client's wallet: that is for a manual adjustment."""


@dataclass(frozen=True, slots=True)
class Control:
    """The control account that still holds a difference."""

    name: str
    kind: str

    def owed(self, difference_minor: int) -> int:
        """What to credit it with, so that the difference is no longer on it.

        What we have is a debit: a shortfall is taken off by a credit. What we owe is the mirror.
        """
        return difference_minor if self.kind == "liability" else -difference_minor


def control_of(leg: str, counterpart: str, details: Mapping[str, Any]) -> Control:
    """Where a difference still is.

    Of money that did not reach a bank that is the PSP, which owes it until then; of money that a
    bank has and nobody expects, the bank.

    Raises:
        NothingToPost: of this leg nothing is in the ledger.
    """
    match leg:
        case Leg.PSP_LINE:
            return Control(f"psp:{counterpart}", "asset")
        case Leg.BANK_LINE:
            held_by = "psp" if details.get("expectations") else "bank"
            return Control(f"{held_by}:{counterpart}", "asset")
        case Leg.PLATFORM_DEAL:
            platform = str(details["pool"]).partition("/")[0]
            return Control(f"platform:{platform}:{counterpart}", "liability")
    raise NothingToPost("Client money is put right with money, not with a posting.")


def account_of(action: Action, name: str | None) -> NamedAccount | None:
    """The account that takes the difference; a match or a void takes none.

    Raises:
        NothingToPost: an adjustment names none of ours.
    """
    if action is Action.WRITE_OFF:
        return WRITE_OFF
    if action is not Action.ADJUST:
        return None
    if name not in ACCOUNTS:
        raise NothingToPost("Choose one of the named accounts.")
    return ACCOUNTS[name]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the other side that could be what is missing."""

    line_id: str
    amount_minor: int
    currency: str


def chosen(details: Mapping[str, Any], wanted: Collection[str]) -> list[Line]:
    """The candidates a person chose.

    Raises:
        LineUnknown: none chosen, or one that is no candidate.
    """
    candidates = {
        str(each["line_id"]): Line(
            str(each["line_id"]), int(each["amount_minor"]), str(each["currency"])
        )
        for each in details.get("candidates", ())
    }
    unknown = set(wanted) - candidates.keys()
    if unknown or not wanted:
        raise LineUnknown("Choose among the lines shown with the break.", field="lines")
    return [candidates[line_id] for line_id in sorted(set(wanted))]


def is_whole(lines: Collection[Line], currency: str, expected_minor: int | None) -> bool:
    """Whether the lines are the other side to the last unit."""
    return {line.currency for line in lines} == {currency} and expected_minor == sum(
        line.amount_minor for line in lines
    )
