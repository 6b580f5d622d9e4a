"""A stand-in for Stripe: intents, hosted checkout, refunds, payouts, webhooks, settlement."""
