"""The forms of the Trader's Room, as a browser sends them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from operational.kit.money import Money
from operational.payments.states import Method

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3,5}$", examples=["USD"])]

# JSON numbers are floats in many programs; text is exact.
Amount = Annotated[
    str,
    Field(
        max_length=30,
        pattern=r"^[0-9]{1,18}(\.[0-9]{1,8})?$",
        examples=["250.00"],
        description="Major units as a plain decimal, no more decimals than the currency has.",
    ),
]
OncePerPage = Annotated[str, Field(min_length=1, max_length=64)]
"""A fresh key in each page, so that two clicks have one effect."""


class MoneyForm(BaseModel):
    """An amount above zero in one currency."""

    model_config = ConfigDict(extra="forbid")

    amount: Amount
    currency: Currency

    @model_validator(mode="after")
    def _is_money(self) -> "MoneyForm":
        if self.money.minor == 0:
            raise ValueError("the amount must be more than zero")
        return self

    @property
    def money(self) -> Money:
        return Money.parse(self.amount, self.currency)


class DepositPageForm(MoneyForm):
    """The deposit page's form."""

    method: Method = Method.CARD
    once: OncePerPage


class AccountPageForm(BaseModel):
    """What a new trading account shall be like."""

    model_config = ConfigDict(extra="forbid")

    currency: Currency
    leverage: int
    once: OncePerPage


class FundPageForm(MoneyForm):
    """An amount, and whether it goes to the trading account or comes back."""

    direction: Literal["in", "out"] = "in"
    once: OncePerPage

    @property
    def signed(self) -> Money:
        """Positive towards the platform."""
        return self.money if self.direction == "in" else -self.money
