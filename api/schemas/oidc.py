"""OpenID Connect, as the dashboards' library speaks it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(max_length=500)]


class AuthorizeQuery(BaseModel):
    """What a program asks for when it sends a browser to us. Other parameters are ignored."""

    response_type: Text = "code"
    client_id: Text
    redirect_uri: Text
    scope: Text = "openid"
    state: Annotated[str, Field(max_length=2000)] = ""
    nonce: Text | None = None
    code_challenge: Text | None = None
    code_challenge_method: Text | None = None

    def problem(self) -> str | None:
        """The error to send the browser back with (RFC 6749 section 4.1.2.1), if any."""
        if self.response_type != "code":
            return "unsupported_response_type"
        if "openid" not in self.scope.split():
            return "invalid_scope"
        if self.code_challenge and self.code_challenge_method != "S256":
            return "invalid_request"
        return None


class TokenForm(BaseModel):
    """What a program sends for a code. Its secret may also come in the Authorization header."""

    model_config = ConfigDict(extra="ignore")

    grant_type: Text
    code: Text = ""
    redirect_uri: Text = ""
    client_id: Text = ""
    client_secret: Text = ""
    code_verifier: Text | None = None


class TokensOut(BaseModel):
    """What the program gets."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the kind of token
    expires_in: int
    id_token: str
    scope: str = "openid profile email"


class UserInfoOut(BaseModel):
    """Who the bearer of an access token is."""

    sub: str
    name: str
    email: str
    roles: list[str]
