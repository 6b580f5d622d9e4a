"""Imports every domain's models once, so that the migrations see the whole schema."""

from operational.access import models as access
from operational.audit import models as audit
from operational.clients import models as clients
from operational.kit.db import Base
from operational.kyc import models as kyc
from operational.ledger import models as ledger
from operational.messaging import models as messaging
from operational.partners import models as partners
from operational.payments import models as payments
from operational.payments.adjustments import models as adjustments
from operational.payments.disputes import models as disputes
from operational.payments.transfers import models as transfers
from operational.payments.withdrawals import models as withdrawals
from operational.platforms import models as platforms
from operational.reconciliation import models as reconciliation
from operational.review import models as review
from operational.rules import models as rules

metadata = Base.metadata

MODELS = (
    access,
    adjustments,
    audit,
    clients,
    disputes,
    transfers,
    kyc,
    ledger,
    messaging,
    partners,
    payments,
    platforms,
    reconciliation,
    review,
    rules,
    withdrawals,
)
SCHEMAS = tuple(dict.fromkeys(module.__name__.split(".")[1] for module in MODELS))
