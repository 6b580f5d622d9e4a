"""What the terminal and the demo's story ask for, one by one or by the thousand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel

from sandbox.clock import When, moment, travel
from sandbox.mt5 import accounts, trading
from sandbox.mt5.retcodes import INVALID, Failed, text
from sandbox.mt5.tables import Fields
from sandbox.world import World


class Order(BaseModel):
    """One step, at its own time or now. `ref` names what it opens for later steps of the call."""

    op: Literal["account", "balance", "open", "close", "cancel"]
    at: When | None = None
    """Without one: now."""
    ref: str = ""
    login: int = 0
    account: str = ""
    """Instead of `login`: the `ref` of an account step."""
    position: int = 0
    """What to close; or `ref` of the opening step."""
    deal: int = 0
    """What to cancel; or `ref` of the step that made it."""
    symbol: str = ""
    side: Literal["buy", "sell"] = "buy"
    lots: Decimal | None = None
    price: Decimal | None = None
    amount: Decimal = Decimal(0)
    kind: int = 2
    comment: str = ""
    reason: int = 0
    check_margin: bool = True
    fields: dict[str, str] = {}
    """For `account`: Group, Leverage, FirstName, LastName, PassMain ..., as in ``/api/user/add``."""


@dataclass(slots=True)
class _Run:
    world: World
    accounts: dict[str, int] = field(default_factory=dict)
    deals: dict[str, Fields] = field(default_factory=dict)

    def login(self, order: Order) -> int:
        return self.accounts[order.account] if order.account else order.login


Result = dict[str, Any]


def carry_out(world: World, orders: list[Order]) -> list[Result]:
    """Do them in order in one transaction. A step that is refused says so and stops nobody else."""
    run = _Run(world)
    results = []
    with world.store.transaction():
        for order in orders:
            with travel(moment(order.at) if order.at else None):
                results.append(_attempt(run, order))
    return results


def _attempt(run: _Run, order: Order) -> Result:
    try:
        return {"retcode": text(0)} | _OPS[order.op](run, order)
    except Failed as failure:
        return {"retcode": text(failure.code)}
    except KeyError:
        # It builds on a step that was refused or never was.
        return {"retcode": text(INVALID)}


def _account(run: _Run, order: Order) -> Result:
    fields = {name.lower(): value for name, value in order.fields.items()}
    if order.login:
        fields["login"] = str(order.login)
    login = accounts.add_user(run.world.store, fields, run.world.now())
    run.accounts[order.ref] = login
    return {"login": login}


def _keep(run: _Run, order: Order, deal: Fields) -> Result:
    if order.ref:
        run.deals[order.ref] = deal
    return {"deal": int(deal["Deal"]), "position": int(deal["PositionID"])}


def _balance(run: _Run, order: Order) -> Result:
    deal = accounts.operate(
        run.world.store,
        run.login(order),
        action=order.kind,
        amount=order.amount,
        comment=order.comment,
        check_margin=order.check_margin,
        at=run.world.now(),
    )
    return _keep(run, order, deal)


def _open(run: _Run, order: Order) -> Result:
    deal = trading.open_position(
        run.world.store,
        run.login(order),
        name=order.symbol,
        is_buy=order.side == "buy",
        lots=order.lots or Decimal(0),
        at=run.world.now(),
        price=order.price,
        reason=order.reason,
        comment=order.comment,
        check_margin=order.check_margin,
    )
    return _keep(run, order, deal)


def _close(run: _Run, order: Order) -> Result:
    position = order.position or int(run.deals[order.ref]["PositionID"])
    deal = trading.close_position(
        run.world.store,
        position,
        at=run.world.now(),
        lots=order.lots,
        price=order.price,
        reason=order.reason,
        comment=order.comment,
    )
    return {"deal": int(deal["Deal"]), "position": position, "profit": deal["Profit"]}


def _cancel(run: _Run, order: Order) -> Result:
    ticket = order.deal or int(run.deals[order.ref]["Deal"])
    found = trading.deal_of(run.world.store, ticket)
    action = trading.CANCELLED.get(found["Action"])
    if action is None:
        raise Failed(INVALID)
    trading.change_deal(run.world.store, ticket, {"Action": action})
    return {"deal": ticket}


_OPS: dict[str, Callable[[_Run, Order], Result]] = {
    "account": _account,
    "balance": _balance,
    "open": _open,
    "close": _close,
    "cancel": _cancel,
}
