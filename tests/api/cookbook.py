"""Every recipe there is: importing a module of them writes them down."""

from tests.api import message_recipes, psp_recipes, withdrawal_recipes
from tests.api.recipes import RECIPES

__all__ = ["RECIPES", "message_recipes", "psp_recipes", "withdrawal_recipes"]
