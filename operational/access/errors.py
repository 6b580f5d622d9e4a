"""Refusals at the door."""

from uuid import UUID

from operational.kit.errors import Conflict, DomainError, InvalidInput, NotFound


class NotSignedIn(DomainError):
    """No session, or one that ended."""

    code = "not_signed_in"


class SignInRefused(DomainError):
    """Wrong e-mail, password or code; never said which. `user_id` is for our own log only."""

    code = "sign_in_refused"

    def __init__(self, email: str, user_id: UUID | None, cause: str) -> None:
        super().__init__("The e-mail, the password or the one-time code is not right.")
        self.email = email
        self.user_id = user_id
        self.cause = cause


class CodeRefused(DomainError):
    """An authorisation code that gives nothing (RFC 6749: invalid_grant)."""

    code = "invalid_grant"


class GrantUnsupported(DomainError):
    """A program asks for tokens in a way we do not know (RFC 6749: unsupported_grant_type)."""

    code = "unsupported_grant_type"


class ProgramUnknown(DomainError):
    """Not a program we know, or not its secret or address (RFC 6749: invalid_client)."""

    code = "invalid_client"


class TooManyTries(DomainError):
    code = "too_many_tries"

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"Too many tries. Wait {max(1, wait_s // 60)} minutes and try again.")
        self.wait_s = wait_s


class EmailTaken(DomainError):
    code = "email_taken"

    def __init__(self) -> None:
        super().__init__("This e-mail cannot be used to register.", field="email")


class PasswordWeak(InvalidInput):
    code = "password_weak"

    def __init__(self, sentence: str, field: str = "password") -> None:
        super().__init__(sentence, field=field)


class PasswordWrong(InvalidInput):
    """The present password, asked before it is changed."""

    code = "password_wrong"

    def __init__(self) -> None:
        super().__init__("The present password is not right.", field="old")


class InvitationEnded(NotFound):
    """A link that was followed before, replaced by a newer one, or left too long."""

    code = "invitation_ended"

    def __init__(self) -> None:
        super().__init__("This link has been used or is too old. Ask for a new one.")


class AlreadyJoined(Conflict):
    """An account somebody has taken up; only its owner, or two persons, may change its password."""

    code = "already_joined"

    def __init__(self) -> None:
        super().__init__("This person has taken up the account already.")


class LastSuperAdmin(Conflict):
    code = "last_super_admin"

    def __init__(self) -> None:
        super().__init__("This is the last super admin. Somebody must be able to open accounts.")


class SecondPersonNeeded(DomainError):
    """The maker cannot be the checker."""

    code = "second_person_needed"


class AlreadyDecided(DomainError):
    code = "already_decided"


class ApprovalExpired(DomainError):
    """It waited for a second person for too long."""

    code = "approval_expired"
