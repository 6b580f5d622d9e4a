"""From first visit to verified client: the form, the papers, the check, the review."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from operational.access.matrix import Role
from operational.access.passwords import PasswordHash
from operational.clients import service as clients
from operational.clients.forms import LeadForm, ProfileForm
from operational.kit.actor import Actor
from operational.kyc import service as kyc
from operational.kyc.states import Outcome
from operational.partners import service as partners
from operational.review import queries as review_queries
from sandbox.story import papers
from sandbox.story.cast import Fate, Person
from sandbox.story.money import Funding
from sandbox.story.tale import VISITOR, Tale, herself, minutes, office_hours

_UNKNOWN_CODE, _UNKNOWN_CODE_SHARE = "WELCOME50", 0.06
_APPROVED = {Fate.SMOOTH: 1.0, Fate.SHARED_DEVICE: 0.5, Fate.MISREAD: 0.6, Fate.LISTED: 0.5}
"""How likely compliance lets a stopped client pass, by what is true of that client."""


class Onboarding:
    """One person's way in."""

    def __init__(self, tale: Tale, person: Person, password: PasswordHash) -> None:
        self.tale, self.person, self.password = tale, person, password
        self.dice = person.dice("onboarding")

    def register(self) -> None:
        code = self._code()
        told = self._once("registers", lambda session: self._register(session, code))
        self.client_id, self.user_id = UUID(told["client_id"]), told["user_id"]
        if self.person.fate is not Fate.VISITOR:
            self.tale.after(minutes(self.dice, 8 + 400 * self.person.patience**6), self.describe)

    def describe(self) -> None:
        self._once("describes", self._describe)
        if self.person.fate is not Fate.UNDOCUMENTED:
            self.tale.after(minutes(self.dice, 6 + 2000 * self.person.patience**8), self.hand_in)

    def hand_in(self) -> None:
        self._once("hands in", self._hand_in)
        self.tale.after(minutes(self.dice, 1), self.submit)

    def submit(self) -> None:
        told = self._once("submits", self._submit)
        match told["outcome"]:
            case Outcome.APPROVE:
                self._go_on()
            case Outcome.REVIEW:
                self.tale.at(office_hours(self.tale.now, self.dice), self.be_reviewed)

    def be_reviewed(self) -> None:
        """Compliance opens the case and decides; one in six waits for somebody to take it up."""
        if self.dice.random() < 1 / 6:
            return
        told = self._once("is shown", self._show)
        if told["evidence_id"] is not None:
            chance = _APPROVED.get(self.person.fate, 0.15)
            verdict = "approved" if self.dice.random() < chance else "refused"
            self.tale.after(
                timedelta(minutes=self.dice.uniform(2, 25)), lambda: self.be_decided(verdict, told)
            )

    def be_decided(self, verdict: str, shown: dict[str, Any]) -> None:
        self._once("is decided", lambda session: self._decide(session, verdict, shown))
        if verdict == "approved":
            self._go_on()

    def _go_on(self) -> None:
        funding = Funding(self.tale, self.person, self.client_id, self.user_id)
        self.tale.after(minutes(self.dice, 20 + 4000 * self.person.patience**3), funding.deposit)

    @property
    def _actor(self) -> Actor:
        return herself(self.person, self.user_id)

    def _once(self, what: str, work: Any) -> dict[str, Any]:
        return self.tale.stage.book.once(f"{self.person.key} {what}", work)

    def _register(self, session: Session, code: str | None) -> dict[str, Any]:
        person = self.person
        form = LeadForm.model_validate(
            {
                "email": person.email,
                "password": "never used, the hash is",
                "first_name": person.first_name,
                "last_name": person.last_name,
                "country": person.country.code,
                "language": person.country.language,
                "source": person.source,
                "campaign": person.campaign,
                "referral_code": code,
                "device": person.device,
            }
        )
        visitor = Actor(id=VISITOR.id, name=VISITOR.name, roles=VISITOR.roles, ip=person.ip)
        client = partners.register_client(
            session,
            form,
            actor=visitor,
            now=self.tale.now,
            ip_country=person.country.code,
            password_hash=self.password,
        )
        return {"client_id": str(client.id), "user_id": str(client.user_id)}

    def _code(self) -> str | None:
        """Most who come through a partner have its code; a few have one that nobody owns."""
        if self.person.source != "partner" or not self.tale.codes:
            return None
        known = [code for since, code in self.tale.codes if since <= self.tale.now]
        is_wrong = self.dice.random() < _UNKNOWN_CODE_SHARE
        return _UNKNOWN_CODE if is_wrong or not known else self.dice.choice(known)

    def _describe(self, session: Session) -> dict[str, Any]:
        person = self.person
        form = ProfileForm(
            first_name=person.first_name,
            last_name=person.last_name,
            birth_date=person.birth_date,
            country=person.country.code,
            phone=person.phone,
        )
        clients.complete_profile(
            session, self.client_id, form, actor=self._actor, now=self.tale.now
        )
        return {}

    def _hand_in(self, session: Session) -> dict[str, Any]:
        today = self.tale.now.date()
        zone = papers.passport_zone(self.person, today)
        handed_in = (
            ("passport", papers.passport(self.person, zone), zone),
            ("proof_of_address", papers.utility_bill(self.person, today), None),
        )
        for kind, content, mrz in handed_in:
            kyc.upload_document(
                session,
                self.client_id,
                kind=kind,
                file_name=f"{kind}.jpg",
                content=content,
                mrz=mrz,
                actor=self._actor,
                now=self.tale.now,
                vault=self.tale.stage.vault,
            )
        return {}

    def _submit(self, session: Session) -> dict[str, Any]:
        check = kyc.submit(session, self.client_id, actor=self._actor, now=self.tale.now)
        return {"outcome": check.outcome}

    def _show(self, session: Session) -> dict[str, Any]:
        case = session.scalar(review_queries.open_case_of(kyc.CASE_KIND, self.client_id))
        if case is None:
            return {"evidence_id": None}
        officer = self.tale.staff[Role.COMPLIANCE]
        evidence = kyc.serve_case(session, case.id, actor=officer, now=self.tale.now)
        return {"case_id": str(case.id), "evidence_id": str(evidence.id)}

    def _decide(self, session: Session, verdict: str, shown: dict[str, Any]) -> dict[str, Any]:
        notes = {
            "approved": "Called the client; the papers and the story fit together.",
            "refused": "The papers do not show who this is; asked twice, no better ones came.",
        }
        case = kyc.decide_case(
            session,
            UUID(shown["case_id"]),
            verdict=verdict,
            note=notes[verdict],
            evidence_id=UUID(shown["evidence_id"]),
            actor=self.tale.staff[Role.COMPLIANCE],
            now=self.tale.now,
        )
        return {"status": case.status}
