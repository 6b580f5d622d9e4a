"""One wallet: its balance, and every entry that made it."""

from uuid import UUID

from fastapi import Request, Response

from api.deps import SessionDep, needs
from api.web.door import Pages
from api.web.listing import listed
from api.web.shell import page
from operational.access.matrix import Permission
from operational.ledger import queries

router = Pages("/staff/ledger")


@router.get("/{owner_id}/{currency}", dependencies=[needs(Permission.LEDGER_READ)])
def wallet(request: Request, owner_id: UUID, currency: str, session: SessionDep) -> Response:
    """A client's or a partner's wallet, the newest entry first."""
    account = queries.wallet(session, owner_id, currency)
    entries = listed(request, session, queries.entries(account.id), by="id")
    journals = session.scalars(queries.journals({entry.journal_id for entry in entries.rows}))
    balances = {row.currency: row for row in session.execute(queries.wallets(owner_id))}
    return page(
        request,
        "staff/ledger.html",
        account=account,
        balance=balances[currency],
        entries=entries,
        journals={journal.id: journal for journal in journals},
        is_client=account.code.startswith("wallet:"),
    )
