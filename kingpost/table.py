"""The one table `kingpost up` prints: where everything is, and who may sign in."""

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table

from operational.access import totp
from operational.kit.clock import utc_now
from operational.kit.settings import Settings
from operational.payments.psp.connect import PROVIDERS, stand_in_url
from sandbox.story import logins


def of(settings: Settings) -> Group:
    """Addresses, then a login per role of the demo."""
    return Group(_places(settings), *_logins(settings))


def _places(settings: Settings) -> Table:
    places = Table("what", "where", box=SIMPLE_HEAD)
    for title, address in (
        ("Trader's Room, partner portal", settings.api_url),
        ("Staff screens", f"{settings.api_url}/staff"),
        ("Dashboards", settings.dashboards_url),
        ("Pipelines (Dagster)", f"http://{settings.host}:{settings.dagster_port}"),
        *(
            (f"Stand-ins: {one.title}", stand_in_url(settings, name))
            for name, one in PROVIDERS.items()
        ),
        ("Stand-ins: MT5 terminal", f"{settings.mt5_url}/terminal/"),
    ):
        places.add_row(title, address)
    return places


def _logins(settings: Settings) -> list[Table]:
    found = Table("role", "e-mail", "password", "code", box=SIMPLE_HEAD, padding=0, pad_edge=False)
    for column in found.columns:
        # What must be copied is never cut; on a narrow terminal it goes on in the next line.
        column.overflow = "fold"
    for login in logins.read(settings):
        secret = login.get("totp_secret")
        code = totp.code_at(secret, utc_now()) if secret else ""
        found.add_row(login["role"].replace("_", " "), login["email"], login["password"], code)
    found.caption = "Codes change every 30 seconds: kingpost user code E-MAIL shows the next one."
    return [found] if found.rows else []
