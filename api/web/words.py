"""States in the words people read, with the colour they read them in."""

from babel import Locale

from operational.clients import forms

CURRENCIES = ("USD", "EUR", "GBP")
"""What a wallet can be funded in; the routing table refuses what no provider takes."""


COUNTRIES = sorted(
    ((code, Locale("en").territories[code]) for code in forms.COUNTRIES), key=lambda pair: pair[1]
)
"""ISO 3166-1 alpha-2 and name, by name."""

LANGUAGES = [
    (code, str(Locale("en").languages[code]))
    for code in ("ar", "de", "en", "es", "fr", "it", "ja", "pl", "pt", "ru", "tr", "zh")
]
"""What a colleague may write down of a lead's language; routing looks at it."""

_WORDS: dict[str, tuple[str, str]] = {
    # Clients.
    "lead": ("New", "info"),
    "profiled": ("Ready for documents", "info"),
    "in_review": ("In review", "warn"),
    "verified": ("Verified", "good"),
    "refused": ("Refused", "bad"),
    "closed": ("Closed", ""),
    # Payments.
    "created": ("Preparing", "info"),
    "pending": ("Waiting for payment", "warn"),
    "authorised": ("Authorised", "info"),
    "succeeded": ("Credited", "good"),
    "underpaid": ("Credited, less than asked", "warn"),
    "overpaid": ("Credited, more than asked", "good"),
    "arrived": ("Arrived", "good"),
    "failed": ("Failed", "bad"),
    "refunded": ("Refunded", "warn"),
    # Withdrawals, payouts and destinations.
    "review": ("In review", "warn"),
    "paid": ("Paid", "good"),
    "partly_paid": ("Partly paid", "warn"),
    "returned": ("Came back", "bad"),
    "cancelled": ("Cancelled", ""),
    "planned": ("Planned", ""),
    "queued": ("Being sent", "info"),
    "suspended": ("Suspended", "bad"),
    "removed": ("Removed", ""),
    "payout_sent": ("Taken", "info"),
    "payout_paid": ("Paid", "good"),
    "payout_failed": ("Not paid", "bad"),
    "payout_returned": ("Came back", "bad"),
    "charged_back": ("Charged back", "bad"),
    "chargeback_won": ("Chargeback won", "good"),
    "charged_back_again": ("Charged back again", "bad"),
    "refund_failed": ("Refund failed", "warn"),
    "capture_failed": ("Capture failed", "bad"),
    "disputed": ("Dispute", "warn"),
    # Disputes.
    "inquiry": ("Inquiry", "warn"),
    "inquiry_closed": ("Inquiry closed", "good"),
    "opened": ("Chargeback announced", "warn"),
    "chargeback": ("Charged back", "bad"),
    "undefended": ("Lost: not defended", "bad"),
    "defended": ("Defended", "info"),
    "lost": ("Lost", "bad"),
    "won": ("Won", "good"),
    "second_chargeback": ("Charged back again", "bad"),
    "prearbitration": ("Before arbitration", "warn"),
    "finally_won": ("Won for good", "good"),
    "finally_lost": ("Lost for good", "bad"),
    "sending": ("On its way", "info"),
    "sent": ("Sent", "good"),
    "by_hand": ("Handed in by hand", "good"),
    "evidence": ("Defended", ""),
    "accepted": ("Let go", ""),
    "fine": ("Fine", "good"),
    "early": ("Early warning", "warn"),
    "standard": ("Over the limit", "bad"),
    "excessive": ("Excessive", "bad"),
    # Adjustments.
    "posted": ("Posted", "good"),
    "expired": ("Ended unanswered", ""),
    "fee": ("Fee", ""),
    "debt_write_off": ("Write-off", ""),
    "btc": ("Bitcoin", ""),
    "eth": ("Ether", ""),
    "ltc": ("Litecoin", ""),
    "trx": ("Tron", ""),
    "usdcerc20": ("USDC on Ethereum", ""),
    "usdterc20": ("USDT on Ethereum", ""),
    "usdttrc20": ("USDT on Tron", ""),
    # Trading accounts and transfers.
    "requested": ("Requested", "info"),
    "active": ("Active", "good"),
    "blocked": ("Blocked", "bad"),
    "done": ("Done", "good"),
    "in_doubt": ("Being checked", "warn"),
    # Cases, rules, messages.
    "open": ("Open", "warn"),
    "approved": ("Approved", "good"),
    "withdrawn": ("Withdrawn", ""),
    "draft": ("Draft", "info"),
    "published": ("In force", "good"),
    "retired": ("Retired", ""),
    "parked": ("Parked", "bad"),
    # Breakers and switches of PSPs.
    "breaker_closed": ("Closed", "good"),
    "breaker_open": ("Open", "bad"),
    "breaker_half_open": ("Half open", "warn"),
    "on": ("On", "good"),
    "off": ("Off", "bad"),
    "waiting": ("Waiting", "warn"),
    # Breaks and daily reports.
    "assigned": ("Assigned", "info"),
    "investigating": ("Investigating", "info"),
    "resolved_matched": ("Matched", "good"),
    "resolved_adjustment": ("Adjusted", "good"),
    "written_off": ("Written off", "warn"),
    "void": ("Void", ""),
    "low": ("Low", ""),
    "medium": ("Medium", "info"),
    "high": ("High", "warn"),
    "critical": ("Critical", "bad"),
    "asked": ("Being prepared", "info"),
    "prepared": ("To be signed", "warn"),
    "signed": ("Signed", "good"),
    # What is compared, and what ends it.
    "psp_line": ("PSP line", ""),
    "bank_line": ("Bank line", ""),
    "platform_deal": ("Platform deal", ""),
    "client_money": ("Client money", ""),
    "force_match": ("Match by force", "warn"),
    "adjust": ("Adjust", "info"),
    "write_off": ("Write off", "bad"),
    "fx": ("Exchange rate", ""),
    "missing_external": ("Missing outside", ""),
    "missing_internal": ("Missing here", ""),
    "running": ("Running", "info"),
    "stopped": ("Stopped", ""),
}


METHODS: dict[str, tuple[str, str]] = {
    "card": ("Card", "Visa, Mastercard"),
    "ideal": ("iDEAL", "From your Dutch bank"),
    "bank_transfer": ("Bank transfer", "From an account in your name; takes a day or two"),
    "paypal": ("PayPal", "From your PayPal account"),
    "crypto": ("Crypto", "BTC, ETH, USDT and others; credited at the rate the payment page shows"),
}
"""Ways to pay in as clients read them: the name, and a few words."""


def word(state: str) -> str:
    """The state as people say it."""
    if state in METHODS:
        return METHODS[state][0]
    return _WORDS.get(state, (state.replace("_", " ").capitalize(), ""))[0]


def tone(state: str) -> str:
    """The colour class of a state's badge."""
    return _WORDS.get(state, ("", ""))[1]


DONE: dict[str, str] = {
    # Clients.
    "profile": "Your profile is saved.",
    "document": "The document has arrived.",
    "check": "Your documents are sent in.",
    "withdrawal_cancelled": "The withdrawal is cancelled; the money is in your wallet.",
    "destination_added": "We look at it. Once approved, it can be used after a day.",
    "destination_removed": "The destination is removed.",
    # One's own account.
    "password": "Your password is changed; every session has ended. Sign in with the new one.",
    "session_ended": "The session has ended.",
    "sessions_ended": "Every other session has ended.",
    "joined": "Your account is ready. Sign in with your new password.",
    "joined_without_role": "Your account is ready. You can sign in as soon as you have a role.",
    "signed_out": "You are signed out.",
    # Staff screens.
    "case_decided": "The case is decided.",
    "case_consented": "Noted. It is a large one: another person must agree, too.",
    "destination_judged": "Your decision is kept; an approved one can be used after a day.",
    "account_blocked": "The block is asked for; the platform shows it within seconds.",
    "account_unblocked": "The block is being lifted; the platform shows it within seconds.",
    "pack_made": "The pack is made. Read it before it goes out.",
    "dispute_answered": "The answer is kept; if it goes by the provider's API, it is on its way.",
    "rule_drafted": "The draft is saved. It decides nothing until another person puts it in force.",
    "rule_published": "This version is in force now.",
    "rule_withdrawn": "The draft is withdrawn.",
    "replay_asked": "It begins within seconds, and goes on whether you look or not.",
    "replay_stopped": "Stopped; what was tried until now stays.",
    "message_replayed": "The message is back at work.",
    "piece_agreed": "A piece of that size may be credited now. Replay its parked callback.",
    "transfer_assigned": "The transfer is the client's; it is credited in a moment.",
    "message_closed": "The message is closed; what came is kept.",
    "asked": "Asked for. Another person must agree.",
    "agreed": "Agreed, and done.",
    "declined": "Refused; nothing was changed.",
    "user_disabled": "The account is shut; its sessions have ended.",
    "user_unlocked": "The account is unlocked.",
    "break_assigned": "The break has an owner.",
    "break_begun": "The break is under investigation.",
    "break_noted": "The note is kept.",
    "break_waits": "The break waits until that day.",
    "break_matched": "The break is matched and closed.",
    "report_asked": "The report is being worked out anew; it is here in a minute.",
    "report_signed": "The report is signed.",
    "report_refused": "The report is refused.",
    "bank_account_named": "The account is on the list; a statement of it is expected for every day.",
    "psp_switched_off": "It is switched off; the next payment goes elsewhere.",
    "psp_switched_on": "It is switched on.",
    "plan_drafted": "The draft is saved. It pays nobody until another person publishes it.",
    "plan_published": "The plan version is published.",
}
"""What a page says after a change, by the code in its address."""

# Refusals that clients meet often, at the field they concern, in words for clients.
_EXPLANATIONS: dict[str, tuple[str, str]] = {
    "not_verified": ("", "This is possible as soon as your identity is verified."),
    "no_psp_offers": (
        "method",
        "Nobody we work with can take this payment now. Choose another method or currency.",
    ),
    "insufficient_funds": ("amount", "There is not that much in your wallet."),
    "not_enough_on_account": ("amount", "There is not that much on the trading account."),
    "destination_known": ("iban", "You have this destination already."),
    "withdrawal_decided": ("", "It is too late to cancel: it is on its way, or was decided."),
    "too_many_accounts": ("", "You have as many trading accounts as we allow."),
    "account_not_ready": ("", "The account is not open yet, or it is blocked."),
    "email_taken": ("email", "This e-mail cannot be used. If it is yours, sign in instead."),
    "birth_date_implausible": ("birth_date", "You must be at least 18 years old."),
    "idempotency_key_reused": ("", "This form was sent before. Check the numbers and send again."),
    "too_many_documents": ("", "You have handed in as many documents as we take. Talk to us."),
    "nothing_to_decide": ("", "There is nothing to check right now."),
}

PROBLEMS: dict[str, str] = {
    "missing": "Please fill this in.",
    "string_pattern_mismatch": "Write it plainly, an amount such as 250.00.",
    "string_too_short": "This is too short.",
    "string_too_long": "This is too long.",
    "int_parsing": "Choose one of the list.",
    "enum": "Choose one of the list.",
    "literal_error": "Choose one of the list.",
}
"""What a form says of a field, by pydantic's type of error."""

# What a client is told of a stopped check. Whatever may tip off a listed person, or tells of other
# clients, is said in one sentence for all.
_TOLD: dict[str, str] = {
    "country_not_served": "We do not serve your country.",
    "under_age": "You must be at least 18 years old.",
    "profile_incomplete": "Your profile is not complete.",
    "identity_document_missing": "A passport or identity card is missing.",
    "address_document_missing": "A proof of address is missing.",
    "mrz_missing": "The machine-readable lines of your document are missing.",
    "mrz_invalid": "The machine-readable lines contain a typing error.",
    "document_expired": "Your document has expired.",
    "name_differs": "The name in your profile is not the one on your document.",
    "birth_date_differs": "The birth date in your profile is not the one on your document.",
}
_TOLD_ELSE = "A person compares your details by hand. There is nothing for you to do."


def told(reasons: list[dict[str, str]]) -> list[str]:
    """Why a check waits, in words for the client it is about."""
    return list(dict.fromkeys(_TOLD.get(reason["code"], _TOLD_ELSE) for reason in reasons))


def explain(code: str, sentence: str, field: str | None) -> dict[str, str]:
    """A refusal as the sentence to show at the field it concerns, or at none."""
    at, known = _EXPLANATIONS.get(code, (field or "", sentence))
    return {at: known}
