"""One queue for every case that stopped, and the proof of what its decider saw.

1. A case says why it stopped, in reasons a person can read.
2. A decision quotes the evidence it was made on, and is refused as stale if the case changed since.
3. A case is decided once.
"""
