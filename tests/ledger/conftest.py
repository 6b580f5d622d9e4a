"""The ledger's tests share their words in `books`."""
