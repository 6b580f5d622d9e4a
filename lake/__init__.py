"""The one door to the lake: attach it, read what is published, and say what each number means."""
