"""Everything Dagster knows of the hub this process is set to."""

from operational.kit.settings import Settings
from pipelines.assembly import assemble

defs = assemble(Settings())
