"""What is filled in when a partner joins."""

from typing import Annotated

from pydantic import AfterValidator, Field

from operational.clients.forms import Country, Email, FirstName, Form
from operational.kit.money import EXPONENTS
from operational.partners.rules import clean_code


def _code(text: str) -> str:
    code = clean_code(text)
    if code is None:
        raise ValueError("a code has 3 to 20 letters and digits")
    return code


def _currency(text: str) -> str:
    if text not in EXPONENTS:
        raise ValueError("we do not hold this currency")
    return text


class PartnerForm(Form):
    """Who joins, and on what terms."""

    email: Email
    name: FirstName
    code: Annotated[str, AfterValidator(_code)]
    """On the referral links."""
    country: Country
    currency: Annotated[str, AfterValidator(_currency)]
    """Commission is paid in it."""
    plan_name: str = Field(min_length=1, max_length=60)
