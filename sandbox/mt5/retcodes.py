"""MetaTrader's return codes and the texts that travel with them."""

TEXTS = {
    0: "Done",
    3: "Invalid parameters",
    7: "Network error",
    8: "Not enough permissions",
    9: "Timeout",
    12: "Too many requests",
    13: "Not found",
    17: "Duplicate",
    1001: "Invalid account",
    1002: "Account disabled",
    3003: "Login on other server",
    3004: "Already exists",
    3006: "Invalid password",
    3008: "Account has open positions",
    3010: "Different currency",
    4005: "Balance operation limit",
    10006: "Request rejected",
    10014: "Invalid volume",
    10017: "Trade is disabled",
    10018: "Market is closed",
    10019: "Not enough money",
}

INVALID = 3
FORBIDDEN = 8
NOT_FOUND = 13
INVALID_ACCOUNT = 1001
DISABLED = 1002
EXISTS = 3004
BAD_PASSWORD = 3006
OPEN_POSITIONS = 3008
OTHER_CURRENCY = 3010
BALANCE_LIMIT = 4005
BAD_VOLUME = 10014
TRADE_DISABLED = 10017
NO_MONEY = 10019


class Failed(Exception):
    """The server answers with this return code and changes nothing."""

    def __init__(self, code: int) -> None:
        super().__init__(text(code))
        self.code = code


def text(code: int) -> str:
    """As on the wire: ``"10019 Not enough money"``."""
    return f"{code} {TEXTS.get(code, 'Common error')}"
