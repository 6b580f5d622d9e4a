"""One page a file; the first line is the question it answers."""
