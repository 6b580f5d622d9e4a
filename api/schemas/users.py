"""Staff accounts, roles and approvals."""

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
    has_totp: bool


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


class UserForm(BaseModel):
    """A new colleague; roles are asked for afterwards."""

    model_config = ConfigDict(extra="forbid")

    email: Annotated[str, Field(max_length=254)]
    name: Annotated[str, Field(max_length=200)]
    password: Annotated[SecretStr, Field(max_length=1024)]


class RolePageForm(BaseModel):
    """A role to be given or taken, and why."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    change: Literal["grant", "revoke"] = "grant"
    reason: Reason


class DisableForm(BaseModel):
    """Why an account is shut."""

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


class EnrolledOut(BaseModel):
    """A new account's one-time-code secret, shown once."""

    id: UUID
    totp_secret: str
    totp_uri: str
