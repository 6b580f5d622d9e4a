"""The forms at the entrance, as a browser sends them."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from operational.clients.forms import Country, Email, FirstName, LeadForm, Name, Phone

Campaign = Annotated[str, Field(max_length=200)]


class RegisterForm(BaseModel):
    """The registration page's form; its fields become a lead."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    password: Annotated[SecretStr, Field(max_length=1024)]
    first_name: FirstName
    last_name: Name = ""
    country: Country
    phone: Phone | None = None
    referral_code: Annotated[str, Field(max_length=40)] = ""
    utm_source: Campaign = ""
    utm_medium: Campaign = ""
    utm_campaign: Campaign = ""
    utm_term: Campaign = ""
    utm_content: Campaign = ""

    def lead(self, language: str, device: str | None) -> LeadForm:
        """The lead, with its source, the campaign fields that were given, and what the door knows."""
        given = self.model_dump(include={f"utm_{name}" for name in _UTM})
        return LeadForm(
            email=self.email,
            password=self.password,
            first_name=self.first_name,
            last_name=self.last_name,
            country=self.country,
            language=language,
            device=device,
            phone=self.phone,
            source="partner" if self.referral_code else "web",
            campaign={name: text for name, text in given.items() if text},
            referral_code=self.referral_code or None,
        )


_UTM = ("source", "medium", "campaign", "term", "content")


class StaffLeadForm(BaseModel):
    """A lead as a colleague writes it down. No password: the person chooses it by invitation."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    first_name: FirstName
    last_name: Name = ""
    country: Country
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] = "en"
    phone: Annotated[Phone | None, BeforeValidator(lambda text: text or None)] = None
    referral_code: Annotated[str, Field(max_length=40)] = ""

    def lead(self) -> LeadForm:
        told = self.model_dump() | {"referral_code": self.referral_code or None}
        return LeadForm(**told, source="staff")


class SignInPageForm(BaseModel):
    """The sign-in page's form. `next` is where the person wanted to go."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(max_length=254)]
    password: Annotated[SecretStr, Field(max_length=1024)]
    code: Annotated[str, Field(max_length=10)] = ""
    next: Annotated[str, Field(max_length=2000)] = ""
