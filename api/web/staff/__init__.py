"""The staff screens; each shows what its reader's permissions allow, and no more."""

from api.web.staff import (
    accounts,
    adjustments,
    audit,
    breaks,
    clients,
    disputes,
    finance,
    home,
    ledger,
    messages,
    partners,
    payments,
    plans,
    review,
    rules,
    users,
)

ROUTERS = (
    home.router,
    review.router,
    clients.router,
    finance.router,
    payments.router,
    breaks.router,
    accounts.router,
    partners.router,
    plans.router,
    ledger.router,
    adjustments.router,
    disputes.router,
    rules.router,
    messages.router,
    users.router,
    audit.router,
)
