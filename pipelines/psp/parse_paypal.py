"""PayPal's settlement report (STL) and the activity statement people download."""

import pyarrow as pa

from pipelines.contracts import INSTANT

LINES = pa.schema(
    {
        "line_no": pa.int64(),
        "account": pa.string(),
        "period": pa.string(),
        "transaction_id": pa.string(),
        "invoice_id": pa.string(),
        "reference_id": pa.string(),
        "event_code": pa.string(),
        "description": pa.string(),
        "gross_minor": pa.int64(),
        "gross_currency": pa.string(),
        "fee_minor": pa.int64(),
        "fee_currency": pa.string(),
        "net_minor": pa.int64(),
        "started_at": INSTANT,
        "completed_at": INSTANT,
    }
)
"""One row per line. Credit is positive, debit negative, fees positive when paid."""
