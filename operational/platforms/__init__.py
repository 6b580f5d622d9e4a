"""Trading accounts on the platforms: what we want, what we see.

1. Desired and observed state are stored apart; only what the platform itself said is observed.
2. Money moves between wallet and platform by a transfer: held, sent once, settled or freed.
3. An unanswered balance call is unknown, not failed: it is looked up before any retry.
"""
