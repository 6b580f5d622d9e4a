"""Reconciliation as people use it: breaks with an owner and an end, and the daily client-money report.

1. A break that was closed stays closed; what is found anew is a new break that names the old one.
2. A break is resolved once, and posted to the ledger at most once; who asks never agrees.
3. A prepared report never changes; a correction is a new version.
"""
