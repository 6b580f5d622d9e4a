"""Real processes for tests, forked from one that has imported everything, so a start is cheap.

There is one such process per run, and what it has imported is said once: here.
"""

import multiprocessing

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "dbt.cli.main",
        "great_expectations",
        "pipelines.refresh",
        "tests.faults.planted",
        "tests.faults.roles",
        "tests.messaging.publisher",
        "tests.pipelines.passes",
        "tests.pipelines.readers",
    ]
)
