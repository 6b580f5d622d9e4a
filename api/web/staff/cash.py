"""Where the money is: owed by each PSP, on its way, and owed to clients, by currency."""

from fastapi import Request, Response

from api.deps import SessionDep, needs
from api.web.door import Pages
from api.web.shell import page
from operational.access.matrix import Permission
from operational.ledger import queries as ledger
from operational.payments import queries as payments

router = Pages("/staff/cash")


@router.get("", dependencies=[needs(Permission.LEDGER_READ)])
def cash(request: Request, session: SessionDep) -> Response:
    """Straight from the books: a PSP's clearing account is what it owes us and has not paid out."""
    coming = {(psp, currency): minor for psp, currency, minor in session.execute(payments.coming())}
    clearing = {
        (name, currency): -minor
        for name, currency, minor in session.execute(ledger.control_balances("psp:"))
    }
    places = sorted({*clearing, *((f"psp:{psp}", currency) for psp, currency in coming)})
    return page(
        request,
        "staff/cash.html",
        places=[
            (name.removeprefix("psp:"), currency, clearing.get((name, currency), 0))
            for name, currency in places
        ],
        coming=coming,
        clients=session.execute(ledger.client_totals()).all(),
        debts={currency: -minor for currency, minor in session.execute(ledger.debt_totals())},
    )
