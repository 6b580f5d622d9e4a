"""Money from and to the outside: deposits through PSPs.

1. A deposit is credited once, by a verified callback that equals our own row in amount and currency.
   What comes by transfer or in a coin is credited as it comes, each piece once.
2. States have ranks: duplicates and any order of callbacks lead to the same place.
3. A browser's return never credits anything.
"""
