"""Double entry, one door.

1. Every journal sums to zero per currency; entries never change.
2. A client's available balance never falls below its floor.
3. One `op_key` is posted once, for ever; a journal is reversed at most once.

A leg's amount is what its account is credited with: a client wallet (a liability) is positive,
PSP clearing (an asset) goes negative when money comes in.
"""
