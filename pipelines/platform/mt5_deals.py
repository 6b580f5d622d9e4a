"""MetaTrader 5 as a source of deals: every group of one server, in one answer."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from operational.platforms.mt5 import Mt5


class Mt5Deals:
    """The deals of one connected server."""

    platform = "mt5"

    def __init__(self, client: Mt5) -> None:
        self._client = client
        self.server, self.zone = client.server, client.zone

    def deals(self, since: datetime, until: datetime) -> Iterable[Mapping[str, str]]:
        """Every deal between two moments, both included.

        Raises:
            Mt5Unavailable, Mt5Refused.
        """
        return self._client.deals_of_group("*", since, until)
