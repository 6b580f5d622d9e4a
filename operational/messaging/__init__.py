"""What arrives (inbox), what leaves (outbox), and what was asked twice (idempotency).

1. A callback answered 2xx is a stored row; its effect and its mark commit together.
2. A command leaves only if the state change that asked for it was committed, in order per aggregate.
3. One idempotency key has one effect and one answer, for ever.
"""
