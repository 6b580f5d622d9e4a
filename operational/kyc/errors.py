"""What the identity checks refuse."""

from operational.kit.errors import DomainError, InvalidInput


class FileRefused(InvalidInput):
    """Not an image or PDF we take: wrong type, too large, damaged, or with something to run."""

    code = "file_refused"


class TooManyDocuments(DomainError):
    code = "too_many_documents"


class NothingToDecide(DomainError):
    """The client is not at a stage where an identity is checked."""

    code = "nothing_to_decide"


class DocumentUnreadable(DomainError):
    """The stored file does not open with the client's key: it was altered, or the key is gone."""

    code = "document_unreadable"


class DocumentNotFound(DomainError):
    code = "document_not_found"
