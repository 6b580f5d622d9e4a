"""What the payment providers settle: their reports, line by line, as they count them."""
