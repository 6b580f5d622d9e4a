"""Deposits that a client's bank questions: what it says, what we answer, and until when.

1. A dispute's stage is decided on all that was told of it, so neither order nor repetition matters.
2. Money moves with the payment's own news (`payments.states.News`); a stage moves none.
3. What was sent to a bank as evidence is kept, byte for byte.
"""
