"""The staff screens; each shows what its reader's permissions allow, and no more."""

from api.web.staff import accounts, audit, clients, home, messages, payments, review, rules, users

ROUTERS = (
    home.router,
    review.router,
    clients.router,
    payments.router,
    accounts.router,
    rules.router,
    messages.router,
    users.router,
    audit.router,
)
