"""The books, read: wallets and their entries."""

from uuid import UUID

from api.deps import SessionDep, needs
from api.door import Doors
from api.schemas.lists import Limit
from api.schemas.money import EntryOut, WalletOut
from api.web.listing import part
from operational.access.matrix import Permission
from operational.ledger import queries

router = Doors("/api/ledger", tag="ledger")


@router.get("/{owner_id}", dependencies=[needs(Permission.LEDGER_READ)])
def wallets(owner_id: UUID, session: SessionDep) -> list[WalletOut]:
    """The wallets of a client or partner."""
    found = session.execute(queries.wallets(owner_id))
    return [WalletOut.of(currency, posted, held) for currency, posted, held in found]


@router.get("/{owner_id}/{currency}", dependencies=[needs(Permission.LEDGER_READ)])
def entries(
    owner_id: UUID,
    currency: str,
    session: SessionDep,
    after: int | None = None,
    limit: Limit = 100,
) -> list[EntryOut]:
    """The entries of one wallet, the newest first."""
    account = queries.wallet(session, owner_id, currency)
    rows = part(session, queries.entries(account.id), by="id", after=after, rows_max=limit)
    journals = session.scalars(queries.journals({row.journal_id for row in rows}))
    by_id = {journal.id: journal for journal in journals}
    return [EntryOut.of(row, by_id[row.journal_id]) for row in rows]
