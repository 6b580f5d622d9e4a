"""Who may do what: the one table that the API, the pages, the dashboards and the exports read."""

from enum import StrEnum


class Permission(StrEnum):
    """A named fact about what somebody may do."""

    CLIENTS_READ = "clients.read"
    """See every client. Clients and partners see their own without it."""
    CLIENTS_CONTACT = "clients.contact"
    """See a client's e-mail and phone in full."""
    CLIENTS_REGISTER = "clients.register"
    """Register a lead on somebody's behalf."""
    CLIENTS_EDIT_PROFILE = "clients.edit_profile"
    """Complete one's own profile."""
    KYC_UPLOAD = "kyc.upload"
    """Hand in one's own documents and ask for the check."""
    KYC_READ = "kyc.read"
    """Open a client's documents and checks."""
    KYC_DECIDE = "kyc.decide"
    """Decide on an identity case that stopped."""
    REVIEW_READ = "review.read"
    """See the queue of cases and be served their evidence."""
    PAYMENTS_DEPOSIT = "payments.deposit"
    """Pay in to one's own wallet."""
    PAYMENTS_READ = "payments.read"
    """See every client's payments."""
    PAYMENTS_WITHDRAW = "payments.withdraw"
    """Take money out of one's own wallet, and say where it may go."""
    WITHDRAWALS_DECIDE = "withdrawals.decide"
    """Let a withdrawal that stopped go, or refuse it."""
    WITHDRAWALS_CLEAR_AML = "withdrawals.clear_aml"
    """Let one go that stopped for a reason of money laundering or identity."""
    WITHDRAWALS_APPROVE_LARGE = "withdrawals.approve_large"
    """Be the second person who lets a large one go. Four eyes."""
    DESTINATIONS_APPROVE = "destinations.approve"
    """Say whether money may go to a client's account elsewhere, and stop it again."""
    PSPS_SWITCH = "psps.switch"
    """Keep payments from a PSP, or let them go there again, with the reason."""
    LEDGER_READ = "ledger.read"
    """See balances and postings of every account."""
    REFUNDS_ASK = "refunds.ask"
    """Ask for a deposit to be given back."""
    REFUNDS_APPROVE = "refunds.approve"
    """Agree to a refund somebody else asked for. Four eyes."""
    DISPUTES_READ = "disputes.read"
    """See which deposits clients' banks question, and until when we must answer."""
    DISPUTES_ANSWER = "disputes.answer"
    """Make the evidence, hand it in, or let the money go."""
    TRANSFERS_ASSIGN = "transfers.assign"
    """Say to whom money belongs that came to our bank account, and no rule could tell."""
    ADJUSTMENTS_READ = "adjustments.read"
    """See what was given to, or taken from, clients by hand."""
    ADJUSTMENTS_ASK = "adjustments.ask"
    """Ask for an adjustment, or for one to be reversed."""
    ADJUSTMENTS_APPROVE = "adjustments.approve"
    """Agree to an adjustment somebody else asked for. Four eyes."""
    ADJUSTMENTS_APPROVE_LARGE = "adjustments.approve_large"
    """Agree to one over the limit, alone or with others of the day."""
    PLATFORMS_OPEN_ACCOUNT = "platforms.open_account"
    """Open a trading account of one's own."""
    PLATFORMS_FUND = "platforms.fund"
    """Move money between one's own wallet and trading account."""
    PLATFORMS_READ = "platforms.read"
    """See every trading account."""
    PLATFORMS_BLOCK = "platforms.block"
    """Block and unblock a trading account."""
    RULES_READ = "rules.read"
    """See decision tables, their versions and the traces of decisions."""
    RULES_EDIT = "rules.edit"
    """Draft a version of a decision table."""
    RULES_PUBLISH = "rules.publish"
    """Publish a version somebody else drafted. Four eyes."""
    RECONCILIATION_READ = "reconciliation.read"
    """See breaks, what was decided about them, and the daily client-money reports."""
    RECONCILIATION_RESOLVE = "reconciliation.resolve"
    """Work on breaks: take them, match by hand, ask to adjust, to void, to match by force."""
    RECONCILIATION_WRITE_OFF = "reconciliation.write_off"
    """Ask to book a break as a loss."""
    RECONCILIATION_AGREE = "reconciliation.agree"
    """Agree to what another person asks about a break. Four eyes."""
    RECONCILIATION_SIGN = "reconciliation.sign"
    """Ask for, sign or refuse a daily client-money report; say which banks hold client money."""
    PARTNERS_READ = "partners.read"
    """See every partner, the tree and the plans."""
    PARTNERS_READ_OWN = "partners.read_own"
    """See one's own clients, masked, and one's own link."""
    PARTNERS_MANAGE = "partners.manage"
    """Create partners, place them in the tree, draft plans."""
    PARTNERS_PUBLISH_PLAN = "partners.publish_plan"
    """Publish a plan version somebody else drafted. Four eyes."""
    KPIS_READ = "kpis.read"
    """See the KPI pages."""
    REPORTS_BUILD = "reports.build"
    """Build and export reports on the published lake."""
    AUDIT_READ = "audit.read"
    """Search the audit log."""
    MESSAGES_READ = "messages.read"
    """See parked callbacks and commands."""
    MESSAGES_REPLAY = "messages.replay"
    """Put a parked message back to work."""
    MESSAGES_CLOSE = "messages.close"
    """Lay a parked message aside for good, with the reason."""
    USERS_READ = "users.read"
    """See who has which role, and what waits for a second person."""
    USERS_MANAGE = "users.manage"
    """Create, disable and ask for role changes; second those of others. Four eyes."""


class Role(StrEnum):
    """A job, and with it a set of permissions. A person may hold several."""

    SALES = "sales"
    SUPPORT = "support"
    COMPLIANCE = "compliance"
    FINANCE = "finance"
    ANALYST = "analyst"
    MANAGEMENT = "management"
    SUPER_ADMIN = "super_admin"
    CLIENT = "client"
    PARTNER = "partner"


P = Permission

MATRIX: dict[Role, frozenset[Permission]] = {
    Role.SALES: frozenset(
        {P.CLIENTS_READ, P.CLIENTS_CONTACT, P.CLIENTS_REGISTER, P.PARTNERS_READ, P.KPIS_READ}
    ),
    Role.SUPPORT: frozenset(
        {
            P.REFUNDS_ASK,
            P.DISPUTES_READ,
            P.ADJUSTMENTS_READ,
            P.ADJUSTMENTS_ASK,
            P.CLIENTS_READ,
            P.REVIEW_READ,
            P.PAYMENTS_READ,
            P.PLATFORMS_READ,
            P.PLATFORMS_BLOCK,
            P.MESSAGES_READ,
        }
    ),
    Role.COMPLIANCE: frozenset(
        {
            P.DISPUTES_READ,
            P.ADJUSTMENTS_READ,
            P.CLIENTS_READ,
            P.CLIENTS_CONTACT,
            P.KYC_READ,
            P.KYC_DECIDE,
            P.REVIEW_READ,
            P.PAYMENTS_READ,
            P.WITHDRAWALS_DECIDE,
            P.WITHDRAWALS_CLEAR_AML,
            P.WITHDRAWALS_APPROVE_LARGE,
            P.DESTINATIONS_APPROVE,
            P.PLATFORMS_READ,
            P.PLATFORMS_BLOCK,
            P.RECONCILIATION_READ,
            P.RULES_READ,
            P.RULES_EDIT,
            P.RULES_PUBLISH,
            P.AUDIT_READ,
            P.KPIS_READ,
        }
    ),
    Role.FINANCE: frozenset(
        {
            P.REFUNDS_ASK,
            P.REFUNDS_APPROVE,
            P.DISPUTES_READ,
            P.DISPUTES_ANSWER,
            P.TRANSFERS_ASSIGN,
            P.ADJUSTMENTS_READ,
            P.ADJUSTMENTS_ASK,
            P.ADJUSTMENTS_APPROVE,
            P.CLIENTS_READ,
            P.REVIEW_READ,
            P.PAYMENTS_READ,
            P.WITHDRAWALS_DECIDE,
            P.WITHDRAWALS_APPROVE_LARGE,
            P.DESTINATIONS_APPROVE,
            P.PSPS_SWITCH,
            P.LEDGER_READ,
            P.PLATFORMS_READ,
            P.RECONCILIATION_READ,
            P.RECONCILIATION_RESOLVE,
            P.RECONCILIATION_WRITE_OFF,
            P.RECONCILIATION_AGREE,
            P.RECONCILIATION_SIGN,
            P.PARTNERS_READ,
            P.PARTNERS_PUBLISH_PLAN,
            P.RULES_READ,
            P.RULES_EDIT,
            P.RULES_PUBLISH,
            P.MESSAGES_READ,
            P.MESSAGES_REPLAY,
            P.MESSAGES_CLOSE,
            P.KPIS_READ,
            P.REPORTS_BUILD,
        }
    ),
    Role.ANALYST: frozenset({P.KPIS_READ, P.REPORTS_BUILD}),
    Role.MANAGEMENT: frozenset(
        {
            P.DISPUTES_READ,
            P.ADJUSTMENTS_READ,
            P.ADJUSTMENTS_APPROVE,
            P.ADJUSTMENTS_APPROVE_LARGE,
            P.CLIENTS_READ,
            P.PAYMENTS_READ,
            P.PLATFORMS_READ,
            P.RECONCILIATION_READ,
            P.PARTNERS_READ,
            P.PARTNERS_MANAGE,
            P.KPIS_READ,
            P.REPORTS_BUILD,
            P.RULES_READ,
            P.USERS_READ,
        }
    ),
    # Runs the hub, never a client's own affairs; money and identity need their own roles besides.
    Role.SUPER_ADMIN: frozenset(
        {
            P.DISPUTES_READ,
            P.ADJUSTMENTS_READ,
            P.CLIENTS_READ,
            P.CLIENTS_CONTACT,
            P.KYC_READ,
            P.REVIEW_READ,
            P.PAYMENTS_READ,
            P.LEDGER_READ,
            P.PLATFORMS_READ,
            P.PLATFORMS_BLOCK,
            P.RECONCILIATION_READ,
            P.RULES_READ,
            P.RULES_EDIT,
            P.RULES_PUBLISH,
            P.PARTNERS_READ,
            P.PARTNERS_MANAGE,
            P.PARTNERS_PUBLISH_PLAN,
            P.KPIS_READ,
            P.REPORTS_BUILD,
            P.AUDIT_READ,
            P.MESSAGES_READ,
            P.MESSAGES_REPLAY,
            P.MESSAGES_CLOSE,
            P.USERS_READ,
            P.USERS_MANAGE,
        }
    ),
    Role.CLIENT: frozenset(
        {
            P.CLIENTS_EDIT_PROFILE,
            P.KYC_UPLOAD,
            P.PAYMENTS_DEPOSIT,
            P.PAYMENTS_WITHDRAW,
            P.PLATFORMS_OPEN_ACCOUNT,
            P.PLATFORMS_FUND,
        }
    ),
    Role.PARTNER: frozenset({P.PARTNERS_READ_OWN}),
}

OUTSIDERS: frozenset[Role] = frozenset({Role.CLIENT, Role.PARTNER})
"""People we serve; every other role is staff and signs in with a one-time code."""


def permissions(roles: frozenset[str]) -> frozenset[Permission]:
    """Everything these roles may do together. An unknown role may do nothing."""
    known = [MATRIX[Role(role)] for role in roles if role in MATRIX]
    return frozenset().union(*known)


def is_staff(roles: frozenset[str]) -> bool:
    """Whether any of these roles is one of our own people's."""
    return any(role in MATRIX and Role(role) not in OUTSIDERS for role in roles)
