"""Every recipe there is: importing a module of them writes them down."""

from tests.api import withdrawal_recipes
from tests.api.recipes import RECIPES

__all__ = ["RECIPES", "withdrawal_recipes"]
