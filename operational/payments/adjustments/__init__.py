"""Money moved by hand between a client and one of the house's own accounts.

1. One person asks, another agrees to that very thing; large ones, also in small pieces, need Management.
2. Nobody adjusts their own wallet.
3. What is taken from a wallet is held from the moment it is asked for.
4. A mistake is put right by its reversal, once, by two persons again.
"""
