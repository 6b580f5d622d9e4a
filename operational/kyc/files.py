"""What an uploaded file is, judged by its content; and the copy a reviewer may look at.

Type comes from the first bytes, never from the name. Size is judged from the header before a
single pixel is decoded. An image is drawn anew, which leaves behind metadata, thumbnails and
anything appended to it. A PDF is read by a child process with little memory and little time.
"""

import io
import json
import subprocess
import sys
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps

from operational.kyc import pdf
from operational.kyc.errors import FileRefused

BYTES_MAX = 15 * 1024 * 1024
PIXELS_MAX = 40_000_000
PAGES_MAX = 30
PDF_SECONDS_MAX = 10

JPEG, PNG, PDF = "image/jpeg", "image/png", "application/pdf"
_FORMATS = {JPEG: "JPEG", PNG: "PNG"}
_SIDE_MAX = 2400
"""Pixels; a reviewer reads a passport well at this size."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """A file we take: its true type, and the copy for reviewers."""

    media_type: str
    rendition: bytes
    rendition_media_type: str


def inspect(content: bytes) -> Inspected:
    """Accept a JPEG, PNG or PDF, or refuse.

    Raises:
        FileRefused: names what is wrong with it.
    """
    if not content:
        raise FileRefused("The file is empty.", field="file")
    if len(content) > BYTES_MAX:
        raise FileRefused(f"The file is over {BYTES_MAX // 1024 // 1024} MB.", field="file")
    media_type = sniff(content)
    if media_type == PDF:
        _check_pdf(content)
        return Inspected(PDF, content, PDF)
    return Inspected(media_type, _redrawn(content, media_type), JPEG)


def sniff(content: bytes) -> str:
    """The media type by the file's first bytes.

    Raises:
        FileRefused: none of the three we take.
    """
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if content.startswith(b"%PDF-"):
        return PDF
    raise FileRefused("Only JPEG, PNG and PDF files are taken.", field="file")


def _redrawn(content: bytes, media_type: str) -> bytes:
    """The picture alone, upright, as a JPEG."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=[_FORMATS[media_type]]) as image:
                width, height = image.size
                if width * height > PIXELS_MAX:
                    raise FileRefused(
                        f"The picture has over {PIXELS_MAX // 10**6} megapixels.", field="file"
                    )
                if getattr(image, "n_frames", 1) > 1:
                    raise FileRefused("The picture moves; hand in a still one.", field="file")
                image.draft("RGB", (_SIDE_MAX, _SIDE_MAX))
                upright = ImageOps.exif_transpose(image)
                if upright.mode.startswith("I"):
                    # 16 bits a pixel; Pillow would cut them off instead of scaling them.
                    upright = upright.convert("I").point(lambda level: level / 256).convert("L")
                upright = upright.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise FileRefused("The picture is damaged.", field="file") from error
    upright.thumbnail((_SIDE_MAX, _SIDE_MAX))
    clean = Image.new("RGB", upright.size)
    clean.paste(upright)
    drawn = io.BytesIO()
    clean.save(drawn, "JPEG", quality=85)
    return drawn.getvalue()


def _check_pdf(content: bytes) -> None:
    try:
        child = subprocess.run(  # noqa: S603 - our own module, no input on the command line
            [sys.executable, "-m", pdf.__name__, str(PAGES_MAX)],
            input=content,
            capture_output=True,
            timeout=PDF_SECONDS_MAX,
            env={},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FileRefused("The PDF takes too long to read.", field="file") from None
    if child.returncode:
        raise FileRefused("The PDF is damaged.", field="file")
    fault = json.loads(child.stdout)["fault"]
    if fault:
        raise FileRefused(fault, field="file")
