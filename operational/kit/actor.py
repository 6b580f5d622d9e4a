"""Who does something: a signed-in person, or a named process of ours."""

from dataclasses import dataclass, replace
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """One doer, as the audit will name it.

    `id` is a user's UUID as text, or `system:<process>`; `roles` are what the session held.
    """

    id: str
    name: str
    roles: frozenset[str]
    session_id: UUID | None = None
    ip: str | None = None
    request_id: str | None = None

    @classmethod
    def system(cls, process: str) -> "Actor":
        """A process of ours acting by rule; it may do what no person asked for."""
        return cls(id=f"system:{process}", name=process, roles=frozenset({"system"}))

    def within(self, other: "Actor") -> "Actor":
        """The same doer inside another one's request: the rules that decide on what was asked."""
        return replace(self, request_id=other.request_id)

    @property
    def is_system(self) -> bool:
        return "system" in self.roles
