"""Secrets on disk: made once, readable by their owner only."""

import os
import secrets
from pathlib import Path


def write(path: Path, content: str) -> None:
    """Create a file only its owner can read; whoever comes second keeps the first one's content."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def kept(path: Path) -> str:
    """A random secret made once."""
    if not path.exists():
        write(path, secrets.token_urlsafe(32))
    return path.read_text()
