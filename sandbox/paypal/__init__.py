"""A stand-in for PayPal: orders, captures, refunds, disputes, payouts, callbacks signed by RSA."""
