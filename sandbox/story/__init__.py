"""The demo broker's story: who came, what they paid, what they traded, and who decided on them.

It is told through the domain's own verbs and the vendors' own wire formats, never by writing
rows; the clock is simulated. `telling.run` tells it, `cast` says who is in it.
"""
