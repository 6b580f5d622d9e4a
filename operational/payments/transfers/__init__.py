"""Money on our own bank accounts: clients' transfers in, payouts booked and sent back.

1. A booking is told by several files and moves money once, under the bank's own reference of it.
2. Only a transfer that quotes one deposit of ours, from the client's own account, is credited by rule.
3. Everything else that came in is parked: a person says whose it is, or lays it aside.
"""
