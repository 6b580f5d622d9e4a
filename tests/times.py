"""How often what depends on chance is tried: ``TIMES=5 make test`` tries five times as often."""

import os

TIMES = int(os.environ.get("TIMES", "1"))
