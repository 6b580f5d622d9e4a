"""The vocabulary of the audit log: a tag per verb, `subject:action` or `source:subject:action`."""

from enum import StrEnum


class Tag(StrEnum):
    """What was done. The word before the action is the kind of subject."""

    # Access.
    USER_CREATE = "user:create"
    USER_DEACTIVATE = "user:deactivate"
    USER_ENABLE = "user:enable"
    USER_INVITE = "user:invite"
    USER_JOIN = "user:join"
    USER_LOCK = "user:lock"
    USER_UNLOCK = "user:unlock"
    USER_SIGN_IN = "user:sign_in"
    USER_SIGN_IN_REFUSE = "user:sign_in_refuse"
    USER_SIGN_OUT = "user:sign_out"
    USER_CHANGE_PASSWORD = "user:change_password"  # noqa: S105 - a verb, no password
    USER_ENROL_TOTP = "user:enrol_totp"
    SESSION_REVOKE = "session:revoke"
    ROLE_GRANT = "role:grant"
    ROLE_REVOKE = "role:revoke"
    APPROVAL_REQUEST = "approval:request"
    APPROVAL_GRANT = "approval:grant"
    APPROVAL_REFUSE = "approval:refuse"
    REQUEST_REFUSE = "request:refuse"

    # Rules.
    RULE_DRAFT = "rule:draft"
    RULE_PUBLISH = "rule:publish"
    RULE_RETIRE = "rule:retire"
    RULE_REPLAY = "rule:replay"
    RULE_REPLAY_STOP = "rule:replay_stop"

    # Clients and their documents.
    CLIENT_REGISTER = "client:register"
    CLIENT_ROUTE = "client:route"
    CLIENT_CHANGE_PROFILE = "client:change_profile"
    CLIENT_CHANGE_STAGE = "client:change_stage"
    DOCUMENT_UPLOAD = "document:upload"
    DOCUMENT_READ = "document:read"
    KYC_CHECK = "kyc:check"
    KYC_APPROVE = "kyc:approve"
    KYC_REFUSE = "kyc:refuse"
    SCREENING_LOAD = "screening:load"

    # Review.
    CASE_OPEN = "case:open"
    CASE_SHOW = "case:show"
    EVIDENCE_READ = "evidence:read"
    CASE_CONSENT = "case:consent"
    CASE_APPROVE = "case:approve"
    CASE_REFUSE = "case:refuse"
    CASE_WITHDRAW = "case:withdraw"

    # Money.
    DEPOSIT_REQUEST = "deposit:request"
    DEPOSIT_ADVANCE = "deposit:advance"
    DEPOSIT_SUCCEED = "deposit:succeed"
    DEPOSIT_FAIL = "deposit:fail"
    DEPOSIT_EXPIRE = "deposit:expire"
    DEPOSIT_RETURN = "deposit:return"
    DEPOSIT_AGREE = "deposit:agree"
    DEPOSIT_EVENT_IGNORE = "deposit:event_ignore"
    DISPUTE_OPEN = "dispute:open"
    DISPUTE_ADVANCE = "dispute:advance"
    DISPUTE_PACK = "dispute:pack"
    DISPUTE_READ_PACK = "dispute:read_pack"
    DISPUTE_DEFEND = "dispute:defend"
    DISPUTE_ACCEPT = "dispute:accept"
    DISPUTE_HAND_IN = "dispute:hand_in"
    DISPUTE_ANSWER = "dispute:answer"
    ADJUSTMENT_ASK = "adjustment:ask"
    ADJUSTMENT_POST = "adjustment:post"
    ADJUSTMENT_REFUSE = "adjustment:refuse"
    ADJUSTMENT_EXPIRE = "adjustment:expire"
    WITHDRAWAL_REQUEST = "withdrawal:request"
    WITHDRAWAL_APPROVE = "withdrawal:approve"
    WITHDRAWAL_REFUSE = "withdrawal:refuse"
    WITHDRAWAL_VOTE = "withdrawal:vote"
    WITHDRAWAL_CANCEL = "withdrawal:cancel"
    WITHDRAWAL_ADVANCE = "withdrawal:advance"
    PAYOUT_PLAN = "payout:plan"
    PAYOUT_QUEUE = "payout:queue"
    PAYOUT_SEND = "payout:send"
    PAYOUT_DOUBT = "payout:doubt"
    PAYOUT_PAY = "payout:pay"
    PAYOUT_FAIL = "payout:fail"
    PAYOUT_RETURN = "payout:return"
    PAYOUT_CANCEL = "payout:cancel"
    PAYOUT_EVENT_IGNORE = "payout:event_ignore"
    DESTINATION_ADD = "destination:add"
    DESTINATION_APPROVE = "destination:approve"
    DESTINATION_REFUSE = "destination:refuse"
    DESTINATION_SUSPEND = "destination:suspend"
    DESTINATION_REMOVE = "destination:remove"
    LEDGER_POST = "ledger:post"
    LEDGER_REVERSE = "ledger:reverse"
    INBOX_PARK = "inbox:park"
    INBOX_REPLAY = "inbox:replay"
    INBOX_CLOSE = "inbox:close"
    OUTBOX_PARK = "outbox:park"
    OUTBOX_REPLAY = "outbox:replay"
    OUTBOX_CLOSE = "outbox:close"

    # Reconciliation.
    BREAK_OPEN = "break:open"
    BREAK_CHANGE = "break:change"
    BREAK_ASSIGN = "break:assign"
    BREAK_INVESTIGATE = "break:investigate"
    BREAK_NOTE = "break:note"
    BREAK_WAIT = "break:wait"
    BREAK_RESUME = "break:resume"
    BREAK_MATCH = "break:match"
    BREAK_ADJUST = "break:adjust"
    BREAK_WRITE_OFF = "break:write_off"
    BREAK_VOID = "break:void"
    REPORT_ASK = "report:ask"
    REPORT_PREPARE = "report:prepare"
    REPORT_SIGN = "report:sign"
    REPORT_REFUSE = "report:refuse"
    BANK_ACCOUNT_NAME = "bank_account:name"

    # Platform.
    ACCOUNT_REQUEST = "account:request"
    ACCOUNT_OPEN = "account:open"
    ACCOUNT_BLOCK = "account:block"
    ACCOUNT_UNBLOCK = "account:unblock"
    ACCOUNT_RENEW_PASSWORD = "account:renew_password"  # noqa: S105 - a verb, no password
    ACCOUNT_OBSERVE = "account:observe"
    TRANSFER_REQUEST = "transfer:request"
    TRANSFER_SETTLE = "transfer:settle"
    TRANSFER_REFUSE = "transfer:refuse"

    # Partners.
    PARTNER_JOIN = "partner:join"
    PARTNER_PLACE = "partner:place"
    PARTNER_ATTRIBUTE = "partner:attribute"
    PLAN_DRAFT = "plan:draft"
    PLAN_PUBLISH = "plan:publish"

    # The lake.
    SNAPSHOT_PUBLISH = "snapshot:publish"

    @property
    def subject_kind(self) -> str:
        return self.value.split(":")[-2]
