"""Money to clients: withdrawals, the payouts they are made of, and where those may go.

1. What is asked for is held at once, payout by payout, and leaves the wallet only as it is paid.
2. Money goes back to where it came from first, and never more than came from there.
3. Every stop says why, on what evidence; two people let large sums go, and nobody pays by hand.
4. An answer that never came is no refusal: a payout is looked up before it is sent again.
"""
