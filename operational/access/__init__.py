"""Who may do what: users, roles, permissions, sessions.

1. A permission is a named fact, granted by one matrix that every surface reads.
2. A session is an opaque token; only its hash is stored, and ending it acts at once.
3. Staff sign in with a password and a one-time code; a code works once.
"""
