"""A stand-in for Checkout.com: hosted payments pages, refunds, disputes, webhooks, reports."""
