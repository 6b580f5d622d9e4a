"""An OpenID Connect provider for our own dashboards: one known program, code flow, RS256."""

import json
import secrets
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeyParameters, RSAKey

from operational.access.codes import Handed
from operational.access.errors import ProgramUnknown
from operational.kit import secret
from operational.kit.settings import Settings

ALGORITHM = "RS256"
ID_TOKEN_LIFE = timedelta(minutes=5)
"""It is read once, at sign-in; afterwards the access token is asked about at `GET /session`."""
SCOPES = ("openid", "profile", "email")


@dataclass(frozen=True, slots=True)
class Program:
    """A program that may sign people in through us."""

    client_id: str
    client_secret: str
    redirect_uri: str
    home: str

    def check(self, client_id: str, redirect_uri: str) -> None:
        """Raises `ProgramUnknown` for another program, or an address that is not its own."""
        if (client_id, redirect_uri) != (self.client_id, self.redirect_uri):
            raise ProgramUnknown("This program is not known here.")

    def authenticate(self, client_id: str, client_secret: str) -> None:
        """Raises `ProgramUnknown` for a wrong secret."""
        is_right = compare_digest(client_secret.encode(), self.client_secret.encode())
        if client_id != self.client_id or not is_right:
            raise ProgramUnknown("This program is not known here.")


def dashboards(settings: Settings) -> Program:
    """The one program: the dashboards of this hub. Their secret is made at first need."""
    known = secret.kept(settings.root / "secrets" / "dashboards_client")
    url = settings.dashboards_url
    return Program("dashboards", known, f"{url}/oauth2callback", url)


def signing_key(settings: Settings) -> RSAKey:
    """The provider's key, made at first need in a file only its owner can read."""
    path = settings.root / "keys" / "oidc_key.json"
    if not path.exists():
        parameters: KeyParameters = {"use": "sig", "alg": ALGORITHM, "kid": secrets.token_hex(8)}
        made = RSAKey.generate_key(2048, parameters)
        secret.write(path, json.dumps(made.as_dict(private=True)))
    return RSAKey.import_key(json.loads(path.read_text()))


def metadata(issuer: str) -> dict[str, Any]:
    """The discovery document (OpenID Connect Discovery 1.0)."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oidc/authorize",
        "token_endpoint": f"{issuer}/oidc/token",
        "userinfo_endpoint": f"{issuer}/oidc/userinfo",
        "jwks_uri": f"{issuer}/oidc/jwks",
        "end_session_endpoint": f"{issuer}/oidc/logout",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "scopes_supported": list(SCOPES),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": ["sub", "name", "email", "roles", "sid"],
    }


def id_token(settings: Settings, handed: Handed, client_id: str, now: datetime) -> str:
    """Who signed in, said once, signed."""
    key = signing_key(settings)
    claims: dict[str, Any] = {
        "iss": settings.api_url,
        "sub": str(handed.user.id),
        "aud": client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + ID_TOKEN_LIFE).timestamp()),
        "auth_time": int(handed.parent.created_at.timestamp()),
        "name": handed.user.name,
        "email": handed.user.email,
        "roles": sorted(handed.roles),
        "sid": str(handed.parent.id),
    }
    if handed.nonce:
        claims["nonce"] = handed.nonce
    return jwt.encode({"alg": ALGORITHM, "kid": key.kid}, claims, key)


def session_of_hint(settings: Settings, hint: str) -> UUID | None:
    """The session an ID token of ours speaks of, however old the token is."""
    try:
        token = jwt.decode(hint, signing_key(settings), algorithms=[ALGORITHM])
        return UUID(str(token.claims["sid"]))
    except (JoseError, ValueError, KeyError):
        return None


def basic_credentials(header: str) -> tuple[str, str] | None:
    """Client id and secret of an Authorization header (RFC 6749 section 2.3.1)."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, colon, client_secret = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (client_id, client_secret) if colon else None
