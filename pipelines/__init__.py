"""Sources in, one published snapshot out."""
