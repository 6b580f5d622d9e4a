"""The hosted payment page both payment stand-ins show."""

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, select_autoescape

from operational.kit.money import Money

templates = Environment(
    loader=PackageLoader("sandbox"), autoescape=select_autoescape(), trim_blocks=True
)


def payment_page(
    *,
    vendor: str,
    amount_minor: int,
    currency: str,
    description: str,
    reference: str,
    is_open: bool,
    back_url: str,
    complaint: str,
) -> HTMLResponse:
    """A card form with Pay and Decline, or a word that the page is closed."""
    return HTMLResponse(
        templates.get_template("payment.html").render(
            vendor=vendor,
            amount=f"{Money(amount_minor, currency).major:,} {currency}",
            description=description,
            reference=reference,
            is_open=is_open,
            back_url=back_url,
            complaint=complaint,
        ),
        402 if complaint else 200,
    )
