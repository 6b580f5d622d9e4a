"""What every domain stands on and nothing of the brokerage: money, clock, ids, errors, settings, database."""
