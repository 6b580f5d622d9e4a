"""Staff accounts, roles and approvals."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from operational.access.matrix import Role

Reason = Annotated[str, Field(min_length=5, max_length=500)]


class UserOut(BaseModel):
    """One account of staff."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    email: str
    name: str
    roles: list[str]
    is_active: bool
    has_password: bool
    has_totp: bool
    locked_until: datetime | None
    invitation_ends_at: datetime | None


class ApprovalOut(BaseModel):
    """A change that waits for, or had, its second person."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    kind: str
    subject_id: str
    payload: dict[str, Any]
    maker_id: UUID
    checker_id: UUID | None
    status: str
    reason: str


class DecidedOut(ApprovalOut):
    """What was decided, and once: the link to be handed over if it invites somebody."""

    link: str | None = None


class UserForm(BaseModel):
    """A new colleague; roles are asked for afterwards."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(max_length=254)]
    name: Annotated[str, Field(max_length=200)]


class RolePageForm(BaseModel):
    """A role to be given or taken, and why."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    change: Literal["grant", "revoke"] = "grant"
    reason: Reason


class ReasonForm(BaseModel):
    """Why an account is shut, opened again or handed over again."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class ApprovalForm(BaseModel):
    """The second person's word."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["agree", "refuse"]


class PasswordForm(BaseModel):
    """One's own new password."""

    model_config = ConfigDict(extra="forbid")

    old: Annotated[SecretStr, Field(max_length=1024)]
    new: Annotated[SecretStr, Field(max_length=1024)]


class JoinForm(BaseModel):
    """What somebody chooses who takes up an account. Clients and partners need no codes."""

    model_config = ConfigDict(extra="forbid")

    password: Annotated[SecretStr, Field(max_length=1024)]
    secret: Annotated[str, Field(pattern=r"^[A-Z2-7]{32}$")] = ""
    code: Annotated[str, Field(max_length=10)] = ""


class OwnSessionOut(BaseModel):
    """A browser or program one is signed in at."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    id: UUID
    ip: str
    user_agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class CreatedOut(BaseModel):
    """A new account; another person must agree before it is handed over."""

    id: UUID
    approval_id: UUID
