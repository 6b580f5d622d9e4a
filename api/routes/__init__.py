"""Routes, one module per noun: parse, one verb, return."""
