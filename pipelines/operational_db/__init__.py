"""The operational database as a source: all its tables, at one moment, into the lake."""
