"""Rules are data: decision tables, their versions, and every decision they made.

1. A published version never changes; another person than its maker publishes it.
2. Every decision keeps its facts, its outcome, its trace and the version that made it.
3. The same version with the same facts decides the same, at any time.
"""
