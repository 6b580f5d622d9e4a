"""What the clients' domain refuses."""

from operational.kit.errors import DomainError, InvalidInput, NotFound


class ClientNotFound(NotFound):
    code = "client_not_found"


class StageNotAllowed(DomainError):
    """The client cannot go from this stage to that one."""

    code = "stage_not_allowed"


class BirthDateImplausible(InvalidInput):
    """Under age, in the future, or older than anybody."""

    code = "birth_date_implausible"
