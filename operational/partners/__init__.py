"""Partners who bring clients: their tree, their clients, their plans.

1. A client belongs to at most one partner at any moment; the past is never lost.
2. The tree has no cycles; every edge has its time.
3. A plan version never changes once published; the one in force at execution pays.
"""
