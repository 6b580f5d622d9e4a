"""The session cookie: one name, set and read in one place."""

from starlette.requests import HTTPConnection
from starlette.responses import Response

_PLAIN = "kingpost_session"
_SECURE = "__Host-kingpost_session"
_BEARER = "Bearer "
TOKEN_CHARACTERS_MAX = 200


def token_of(connection: HTTPConnection) -> str | None:
    """The session token of a browser's cookie or a program's Authorization header, if one.

    Two cookies of the name mean that somebody planted one; then there is none.
    """
    header = connection.headers.get("authorization", "")
    if header.startswith(_BEARER):
        return _sane(header.removeprefix(_BEARER))
    wanted = f"{name_for(connection)}="
    pairs = [pair.strip() for pair in connection.headers.get("cookie", "").split(";")]
    found = [pair.removeprefix(wanted) for pair in pairs if pair.startswith(wanted)]
    return _sane(found[0]) if len(found) == 1 else None


def has_cookie(connection: HTTPConnection) -> bool:
    """Whether the browser sent a session by itself, so that a foreign page may have made it do so."""
    return f"{name_for(connection)}=" in connection.headers.get("cookie", "")


def put(response: Response, connection: HTTPConnection, token: str) -> None:
    is_tls = is_secure(connection)
    response.set_cookie(
        name_for(connection),
        token,
        path="/",
        secure=is_tls,
        httponly=True,
        samesite="lax",
    )


def drop(response: Response, connection: HTTPConnection) -> None:
    response.delete_cookie(
        name_for(connection), path="/", secure=is_secure(connection), httponly=True, samesite="lax"
    )


def name_for(connection: HTTPConnection) -> str:
    """Behind TLS the browser itself guarantees host and path of a `__Host-` cookie."""
    return _SECURE if is_secure(connection) else _PLAIN


def is_secure(connection: HTTPConnection) -> bool:
    """Whether the browser speaks TLS, to us or to the edge before us."""
    return connection.url.scheme == "https"


def _sane(token: str) -> str | None:
    return token if 0 < len(token) <= TOKEN_CHARACTERS_MAX and token.isascii() else None
