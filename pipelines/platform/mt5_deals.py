"""MetaTrader 5 as a source of deals: every group of one server, in one answer."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from operational.platforms.mt5 import Mt5
from pipelines.platform.server_time import NEW_YORK_CLOSE


class Mt5Deals:
    """The deals of one connected server."""

    platform = "mt5"
    zone = NEW_YORK_CLOSE

    def __init__(self, client: Mt5) -> None:
        self._client = client
        self.server = client.server

    def deals(self, since: datetime, until: datetime) -> Iterable[Mapping[str, str]]:
        """Every deal between two moments, both included.

        Raises:
            Mt5Unavailable, Mt5Refused.
        """
        return self._client.deals_of_group("*", since, until)
