"""The hub's own processes, started as they are in real life, on free ports and a fresh database."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import httpx

from operational.access import passwords, queries, service, sessions, totp
from operational.access.matrix import Role
from operational.access.totp import FieldKey
from operational.kit import db
from operational.kit.actor import Actor
from operational.kit.clock import utc_now
from operational.kit.settings import Settings
from operational.kyc.lists import load_list
from operational.kyc.screening import Entry
from operational.partners import service as partners
from operational.partners.forms import PartnerForm
from operational.payments.psp.connect import stand_in_url
from operational.rules import service as rules

ROOT = Path(__file__).parents[2]
HUB = Actor.system("test")
PASSWORD = "a long enough phrase"
UP_SECONDS_MAX = 120
"""Five Python processes at once on two busy cores."""


@dataclass
class RunningHub:
    """A hub that runs, with a partner and a login per role asked for."""

    settings: Settings
    secrets: dict[str, str]

    @property
    def url(self) -> str:
        return self.settings.api_url

    def code(self, role: Role) -> str:
        """What the authenticator of that colleague shows now."""
        return totp.code_at(self.secrets[role], utc_now())

    def session_cookie(self, role: Role) -> dict[str, str]:
        """A session of that colleague, as a browser keeps it."""
        engine = db.engine(self.settings, db.API)
        with db.transaction(engine) as session:
            user = queries.user_by_email(session, f"{role}@example.com")
            assert user is not None
            _, token = sessions.open_session(session, user, ip="", user_agent="", now=utc_now())
        engine.dispose()
        return {"name": "kingpost_session", "value": token, "url": self.url}

    def wait_for_next_code(self) -> None:
        """A code works once; the next one comes with the next half minute."""
        step = int(utc_now().timestamp()) // totp.STEP_SECONDS
        while int(utc_now().timestamp()) // totp.STEP_SECONDS == step:
            sleep(0.2)


@contextmanager
def running(settings: Settings, roles: list[Role]) -> Iterator[RunningHub]:
    """The stand-ins, then the API and the worker; ended in any case."""
    (settings.root / "logs").mkdir(parents=True, exist_ok=True)
    secrets = _settle(settings, roles)
    with ExitStack() as stack:
        urls = {name: stand_in_url(settings, name) for name in ("stripe", "adyen")}
        urls["mt5"] = settings.mt5_url
        for vendor, url in urls.items():
            stack.enter_context(_vendor(settings, vendor, httpx.URL(url).port))
        for url in urls.values():
            _wait_for(f"{url}/sandbox/health")
        stack.enter_context(_part(settings, "api.app"))
        stack.enter_context(_part(settings, "operational.worker"))
        _wait_for(f"{settings.api_url}/health")
        yield RunningHub(settings, secrets)


def _settle(settings: Settings, roles: list[Role]) -> dict[str, str]:
    """What a hub has before its first client; returns one-time-code secrets by role."""
    engine, now, key = db.engine(settings, db.API), utc_now(), FieldKey.of(settings)
    secrets = {}
    with db.transaction(engine) as session:
        rules.install_defaults(session, now)
        listed = Entry("test_list", "1", "Viktor Anatolyevich Bout", 1967, ("RU",), "TEST")
        load_list(session, "test_list", "1", [listed], actor=HUB, now=now)
        partner = PartnerForm(
            email="partner@example.com",
            name="Alpha Partners",
            code="ALPHA7",
            country="CY",
            currency="USD",
            plan_name="standard",
        )
        hashed = passwords.hash_password(PASSWORD)
        partners.create_partner(session, partner, password_hash=hashed, actor=HUB, now=now)
        for role in roles:
            user = service.create_user(
                session,
                email=f"{role}@example.com",
                name=f"{role.title()} Officer",
                password=PASSWORD,
                role=role,
                actor=HUB,
                now=now,
            )
            secrets[role] = service.enrol_totp(session, user.id, key=key, actor=HUB, now=now)
    engine.dispose()
    return secrets


def _vendor(settings: Settings, name: str, port: int):
    arguments = ["--port", str(port), "--home", str(settings.root / "sandbox")]
    if name != "mt5":
        arguments += ["--webhook-url", f"{settings.api_url}/callbacks/{name}"]
    return _part(settings, f"sandbox.{name}", *arguments)


@contextmanager
def _part(settings: Settings, module: str, *arguments: str) -> Iterator[None]:
    with (settings.root / "logs" / f"{module}.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=settings.environment(),
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(url: str) -> None:
    patience = monotonic() + UP_SECONDS_MAX
    while monotonic() < patience:
        try:
            if httpx.get(url, timeout=5).is_success:
                return
        except httpx.HTTPError:
            sleep(0.1)
    raise AssertionError(f"{url} does not answer")
