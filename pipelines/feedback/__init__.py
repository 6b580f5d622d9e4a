"""What the published lake says, given back to operations."""
