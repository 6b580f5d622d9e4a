"""What the banks send: camt.052/053/054 and MT940 statements, into one set of raw tables."""
