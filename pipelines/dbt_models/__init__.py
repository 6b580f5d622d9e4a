"""The warehouse's models, run in this process."""
