"""What a reader sees of a page, without a browser."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from dashboards import app

SECONDS_MAX = 60
PATHS = [path for _, _, _, path, *_ in app.PAGES] + ["number"]


@dataclass(frozen=True)
class Screen:
    """One page as it was drawn."""

    drawn: AppTest

    @classmethod
    def of(cls, path: str, token: str, query: Mapping[str, str]) -> Self:
        """A page as the holder of a session's token sees it."""
        test = AppTest.from_file(Path(app.__file__), default_timeout=SECONDS_MAX)
        test.user = {"is_logged_in": True, "tokens": {"access": token}}
        test.query_params = dict(query)
        # AppTest finds pages by file; ours are functions, known by their address.
        test._page_hash = calc_hash(path)
        return cls(test.run())

    @property
    def problems(self) -> list[str]:
        return [problem.value for problem in self.drawn.exception]

    @property
    def title(self) -> str:
        return str(self.drawn.title[0].value)

    @property
    def said(self) -> str:
        """Every sentence on the page."""
        kinds = ("caption", "markdown", "info", "warning", "error", "success", "subheader")
        return "\n".join(str(each.value) for kind in kinds for each in self.drawn.get(kind))

    @property
    def numbers(self) -> dict[str, str]:
        """What the tiles say, by title."""
        return {tile.label: tile.value for tile in self.drawn.metric}

    @property
    def code(self) -> list[str]:
        return [code.value for code in self.drawn.code]

    @property
    def links(self) -> list[Any]:
        """Where one can go from here, with what goes along."""
        return [link.proto for link in self.drawn.get("page_link")]

    @property
    def tables(self) -> list[Any]:
        """The tables as pandas frames."""
        return [table.value for table in self.drawn.dataframe]

    @property
    def everything(self) -> str:
        """Sentences, tiles, tables and code, to look for what must not be there."""
        return "\n".join(self._texts())

    def _texts(self) -> Iterator[str]:
        yield self.said
        yield from map(str, self.numbers.items())
        yield from (table.to_string() for table in self.tables)
        yield from self.code
