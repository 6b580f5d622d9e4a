"""What a page shows as a block: an answer, what it says, and the rows it is made of."""

from dataclasses import dataclass

from lake.rows import Origin


@dataclass(frozen=True)
class Figure:
    """One answer of several numbers, as a plot or a table."""

    title: str
    """What the block is called; no metric is called the same."""
    sentence: str
    """The definition as a person would sign it."""
    sql: str
    """Takes `$since` and `$until` if its rows have a day."""
    origin: Origin
    opens_to: tuple[str, ...] = ()
    """Permissions of which any opens it, beside the one for all dashboards."""

    @property
    def is_of_a_period(self) -> bool:
        """Or of now, whatever period somebody asks about."""
        return self.origin.day is not None
