"""Stand-in vendors: separate HTTP servers that speak the real wire formats and fail on demand."""
