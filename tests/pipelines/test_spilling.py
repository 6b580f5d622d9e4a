"""What does not fit into memory goes to the disk and comes back, for us and for dbt."""

import pytest

from lake import connection
from pipelines import sources
from pipelines.dbt_models import project

MANY = 4_000_000
RANKED = f"""
select count(*) as found from (
    select row_number() over (order by md5(n::varchar)) as place from range({MANY}) as numbers (n)
) where place % 2 = 0
"""


@pytest.fixture
def narrow(database):
    """A home with too little memory for what follows."""
    return database.settings.model_copy(update={"duckdb_memory": "150MB", "duckdb_threads": 1})


def test_a_sort_larger_than_memory_is_done(narrow):
    with connection.write(narrow) as lake:
        assert lake.execute(RANKED).fetchone() == (MANY // 2,)


def test_a_model_larger_than_memory_is_built_and_so_is_the_next(narrow):
    with sources.opened(narrow):
        pass

    for _ in range(2):
        (shown,) = project.run(narrow, "show", "--inline", RANKED)
        assert shown.passed, shown.message
    project.release()
