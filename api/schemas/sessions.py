"""Signing in, and who is signed in."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from operational.access.matrix import permissions
from operational.kit.actor import Actor


class SignInForm(BaseModel):
    """What a person knows and has. `code` is for staff."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(max_length=254)]
    password: Annotated[SecretStr, Field(max_length=1024)]
    code: Annotated[str, Field(max_length=10)] = ""


class SessionOut(BaseModel):
    """Who is signed in, and what they may do at this moment."""

    user_id: str
    name: str
    roles: list[str]
    permissions: list[str]
    session_id: UUID | None

    @classmethod
    def of(cls, actor: Actor) -> "SessionOut":
        return cls(
            user_id=actor.id,
            name=actor.name,
            roles=sorted(actor.roles),
            permissions=sorted(permissions(actor.roles)),
            session_id=actor.session_id,
        )


class TokenOut(BaseModel):
    """A program's session: send `Authorization: Bearer <token>`."""

    token: str
    expires_at: datetime
