"""Who may sign in to the demo, for the table `kingpost up` prints and for its browser tests."""

import json

from operational.kit import secret
from operational.kit.settings import Settings

FILE = "demo_logins.json"


def read(settings: Settings) -> list[dict[str, str]]:
    """The demo's logins: role, e-mail, password, and of staff the secret of the one-time codes."""
    path = settings.root / FILE
    found: list[dict[str, str]] = json.loads(path.read_text()) if path.exists() else []
    return found


def keep(settings: Settings, logins: list[dict[str, str]]) -> None:
    """Replace them, readable by their owner only."""
    path = settings.root / FILE
    draft = path.with_name(f".{FILE}")
    draft.unlink(missing_ok=True)
    secret.write(draft, json.dumps(logins, indent=2))
    draft.replace(path)
