"""What every long list may be asked for."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

LIMIT_MAX = 200

Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]
After = Annotated[
    UUID | None, Query(description="The id of the last one you have; what follows it is told.")
]
