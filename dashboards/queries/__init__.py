"""One mart, one question, bound parameters. Shares and averages are counted in whole numbers."""
