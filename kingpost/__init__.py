"""The command on top of everything: the hub's supervisor, `verify`, benchmarks. Nobody imports it."""
