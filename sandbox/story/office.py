"""The house before its first client: staff, lists, plans, partners."""

import secrets
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from operational.access import service as access
from operational.access.matrix import OUTSIDERS, Role
from operational.access.passwords import PasswordHash
from operational.access.totp import FieldKey
from operational.kit.actor import Actor
from operational.kit.settings import Settings
from operational.kyc import lists
from operational.kyc.screening import Entry
from operational.partners import plans
from operational.partners import service as partners
from operational.partners.forms import PartnerForm
from operational.partners.rules import Rate
from operational.rules import service as rules
from sandbox.story import logins
from sandbox.story.cast import WATCH_LIST
from sandbox.story.tale import Tale

HOUSE = Actor.system("demo")
DOMAIN = "kingpost.example"
_LIST = "demo_watch_list"
_PLAN = "standard"
_TOP_PLAN = "master"

_NAMES = (
    "Alpine", "Harbour", "Meridian", "Cedar", "Lantern", "Quarry", "Falcon", "Juniper", "Orbit",
    "Saffron", "Tundra", "Vista", "Willow", "Zephyr", "Beacon", "Copper", "Delta", "Ember",
)  # fmt: skip


def hire(tale: Tale) -> None:
    """One person per staff role, with a login to print; the file is for its owner's eyes only."""
    stage = tale.stage
    told = stage.book.once(
        "house staff", lambda session: _hire(session, stage.settings, tale.start)
    )
    for role, user_id in told.items():
        tale.staff[Role(role)] = Actor(id=user_id, name=f"Demo {role}", roles=frozenset({role}))


def _hire(session: Session, settings: Settings, now: datetime) -> dict[str, str]:
    key, users, known = FieldKey.of(settings), {}, []
    for role in Role:
        if role in OUTSIDERS:
            continue
        email, password = f"{role}@{DOMAIN}", secrets.token_urlsafe(12)
        user = access.create_user(
            session,
            email=email,
            name=f"Demo {role}",
            password=password,
            role=role,
            actor=HOUSE,
            now=now,
        )
        secret = access.enrol_totp(session, user.id, key=key, actor=HOUSE, now=now)
        users[role.value] = str(user.id)
        known.append({"role": role, "email": email, "password": password, "totp_secret": secret})
    # Written before the commit: a crash in between leaves a file that the next try replaces.
    logins.keep(settings, known)
    return users


def open_house(tale: Tale) -> None:
    """Tables, a watch list, and the first version of each plan."""
    book = tale.stage.book
    book.once("house tables", lambda session: _tables(session, tale.start))
    book.once("house watch list", lambda session: _watch(session, tale.start))
    for name, factor in ((_PLAN, 1), (_TOP_PLAN, 2)):
        publish_plan(tale, f"house plan {name} 1", name, _rates(factor))


def publish_plan(tale: Tale, act: str, name: str, rates: list[Rate]) -> None:
    """Management drafts, finance publishes."""
    maker, checker = tale.staff[Role.MANAGEMENT], tale.staff[Role.FINANCE]

    def work(session: Session) -> dict[str, Any]:
        version = plans.add_plan_version(
            session,
            name,
            rates,
            duration_seconds_min=120,
            valid_from=tale.now,
            actor=maker,
            now=tale.now,
        )
        plans.publish_plan(session, version.id, actor=checker, now=tale.now)
        return {"version": version.version}

    tale.stage.book.once(act, work)


def new_plan(tale: Tale) -> None:
    """Halfway through, EURUSD pays more than the other pairs."""
    own = [Rate("eurusd", "6.5", "USD", symbol="EURUSD"), *_rates(1)]
    publish_plan(tale, f"house plan {_PLAN} 2", _PLAN, own)


def _tables(session: Session, now: datetime) -> dict[str, Any]:
    return {"tables": [version.name for version in rules.install_defaults(session, now)]}


def _watch(session: Session, now: datetime) -> dict[str, Any]:
    entries = [Entry(_LIST, *found) for found in WATCH_LIST]
    loaded = lists.load_list(session, _LIST, f"{now:%Y-%m-%d}", entries, actor=HOUSE, now=now)
    return {"entries": loaded.entries_count}


def _rates(factor: int) -> list[Rate]:
    per_lot = {"forex": 5, "metals": 8, "indices": 1, "energies": 3, "crypto": 2}
    return [
        Rate(group, str(amount * factor), "USD", symbol_group=group)
        for group, amount in per_lot.items()
    ]


def invite_partners(tale: Tale, clients: int, tag: str, password: PasswordHash) -> None:
    """Partners over three levels join during the first half; one moves to another master."""
    dice = Random(f"partners:{tag}")
    total = max(4, clients // 12)
    half = (tale.end - tale.start) / 2
    for number in range(total):
        # Two masters, then about a third under them, then the rest under those.
        level = 0 if number < 2 else 1 if number < max(3, total // 3) else 2  # noqa: PLR2004
        above = {0: None, 1: range(2), 2: range(2, max(3, total // 3))}[level]
        parent = dice.choice(above) if above else None
        wait = timedelta() if level == 0 else half * (number / total) * dice.random()
        joins = tale.start + wait + timedelta(minutes=number)
        tale.at(joins, _Joining(tale, number, parent, tag, password).join)


class _Joining:
    """One partner who joins; whoever stands above has joined before, or it waits a day."""

    def __init__(
        self, tale: Tale, number: int, parent: int | None, tag: str, password: PasswordHash
    ) -> None:
        self.tale, self.number, self.parent, self.tag = tale, number, parent, tag
        self.password = password

    def join(self) -> None:
        above = None
        if self.parent is not None:
            above = self.tale.partners.get(self.parent)
            if above is None:
                self.tale.after(timedelta(days=1), self.join)
                return
        told = self.tale.stage.book.once(
            f"partner-{self.number}", lambda session: self._create(session, above)
        )
        self.tale.partners[self.number] = UUID(told["partner_id"])
        self.tale.codes.append((self.tale.now, told["code"]))

    def _create(self, session: Session, above: UUID | None) -> dict[str, Any]:
        word = _NAMES[self.number % len(_NAMES)]
        code = f"{word}{self.number // len(_NAMES) or ''}{self.tag}".replace("-", "")
        form = PartnerForm.model_validate(
            {
                "email": f"{code.lower()}@partners.example",
                "name": f"{word} Partners",
                "code": code,
                "country": ("CY", "AE", "GB", "PL", "MY")[self.number % 5],
                "currency": "USD",
                "plan_name": _TOP_PLAN if self.parent is None else _PLAN,
            }
        )
        partner = partners.create_partner(
            session,
            form,
            parent_id=above,
            password_hash=self.password,
            actor=self.tale.staff[Role.MANAGEMENT],
            now=self.tale.now,
        )
        return {"partner_id": str(partner.id), "code": partner.code, "email": form.email}


def move_a_partner(tale: Tale) -> None:
    """A sub-partner changes masters: the old edge stays, the new one counts from now on."""
    moved, master = tale.partners.get(2), tale.partners.get(1)
    if moved is None or master is None:
        return

    def work(session: Session) -> dict[str, Any]:
        partners.move_partner(
            session,
            moved,
            master,
            since=tale.now,
            reason="asked for another master",
            actor=tale.staff[Role.MANAGEMENT],
            now=tale.now,
        )
        return {}

    tale.stage.book.once("partner-2 moves", work)
