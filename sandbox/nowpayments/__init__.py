"""A stand-in for NOWPayments: invoices paid in a coin, callbacks, mass payouts."""
