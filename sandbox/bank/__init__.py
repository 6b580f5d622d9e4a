"""A stand-in for the broker's bank: credit-transfer files, clients' transfers, statements that foot."""
