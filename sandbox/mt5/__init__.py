"""A stand-in for a MetaTrader 5 server: its Web API for managers, and a terminal for traders."""
