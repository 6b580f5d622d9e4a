"""What the trading platforms tell: deals as they happen, statements as they were printed."""
