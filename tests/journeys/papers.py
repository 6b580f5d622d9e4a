"""The papers a client hands in."""

import io
from datetime import date, timedelta

from PIL import Image, ImageDraw

from operational.kyc.mrz import check_digit

NUMBER = "K10293847"
BORN = date(1988, 4, 12)


def passport_zone(surname: str, given: str, number: str = NUMBER) -> str:
    """Two lines of a British passport that is valid for some years."""
    expires = date.today() + timedelta(days=1500)  # noqa: DTZ011 - a passport has a day, no moment
    parts = [number, f"{BORN:%y%m%d}", f"{expires:%y%m%d}"]
    number, born, until = (f"{part}{check_digit(part)}" for part in parts)
    optional = "<" * 14 + "0"
    composite = check_digit(number + born + until + optional)
    first = f"P<GBR{surname}<<{given}".ljust(44, "<")
    return f"{first}\n{number}GBR{born}F{until}{optional}{composite}"


def picture(words: str) -> dict[str, object]:
    """A JPEG to upload, as the browser wants it."""
    image = Image.new("RGB", (700, 450), "#eef")
    ImageDraw.Draw(image).text((20, 20), words)
    content = io.BytesIO()
    image.save(content, "JPEG")
    return {"name": f"{words}.jpg", "mimeType": "image/jpeg", "buffer": content.getvalue()}
