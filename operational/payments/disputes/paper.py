"""The evidence pack on paper: a PDF a bank's clerk can read and search."""

from datetime import datetime
from typing import Any

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from text_unidecode import unidecode

from operational.payments.disputes.facts import Pack, Section

_LEFT_MM, _LINE_MM = 52, 5
_NEXT: dict[str, Any] = {"new_x": XPos.LMARGIN, "new_y": YPos.NEXT}


def render(pack: Pack, reference: str, *, made_by: str, now: datetime) -> bytes:
    """The pack as a PDF."""
    paper = FPDF(format="A4")
    paper.set_creation_date(now)
    paper.set_title(f"Evidence {reference}")
    paper.set_auto_page_break(auto=True, margin=15)
    paper.add_page()
    paper.set_font("Helvetica", "B", 16)
    paper.cell(0, 10, _latin(f"Evidence for dispute {reference}"), **_NEXT)
    paper.set_font("Helvetica", size=9)
    paper.cell(0, _LINE_MM, _latin(f"Made {now:%Y-%m-%d %H:%M} UTC by {made_by}."), **_NEXT)
    for section in pack.sections:
        _section(paper, section)
    return bytes(paper.output())


def _section(paper: FPDF, section: Section) -> None:
    paper.ln(3)
    paper.set_font("Helvetica", "B", 11)
    paper.cell(0, 7, _latin(section.title), **_NEXT)
    for name, text in section.lines:
        paper.set_font("Helvetica", size=9)
        paper.set_text_color(90)
        paper.cell(_LEFT_MM, _LINE_MM, _latin(name))
        paper.set_text_color(0)
        paper.multi_cell(0, _LINE_MM, _latin(text), **_NEXT)
    if section.remark:
        paper.set_font("Helvetica", size=9)
        paper.multi_cell(0, _LINE_MM, _latin(section.remark), **_NEXT)


def _latin(text: str) -> str:
    """A PDF's own fonts know Latin-1 only; other letters become their nearest ones, as on a card."""
    return "".join(
        letter if letter.isprintable() and ord(letter) < 256 else unidecode(letter)  # noqa: PLR2004
        for letter in text
    )
