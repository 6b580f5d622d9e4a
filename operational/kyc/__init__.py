"""Who the client is: documents, checks, verdicts.

1. Only images and PDFs get in; what a reviewer sees carries no metadata; the original is kept encrypted.
2. A case that passes every check is approved by rule in seconds; any other stops with its reasons.
3. Every verdict names the rule version or the person, and the evidence.
"""
