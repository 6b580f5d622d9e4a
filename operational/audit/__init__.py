"""Who did what, sealed so that nobody can change it unseen.

Three invariants: a state change and its record are committed together; a sealed record is never
changed, removed, added or moved without `verify` saying where; the application can only append.

Verbs: `service.record` (the one door), `sealer.seal`, `sealer.publish`, `export.export`,
`verify.verify`.
"""
