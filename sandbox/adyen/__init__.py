"""A stand-in for Adyen: sessions, payment links, modifications, payouts, notifications, reports."""
