"""Uploads: only still pictures and passive PDFs, told by their content, and nothing hidden survives."""

import io
import struct
import time
import zlib

import pikepdf
import pytest
from PIL import Image

from operational.kyc import files
from operational.kyc.errors import FileRefused
from tests.kyc.people import a_picture


def a_pdf(pages=1, **options):
    pdf = pikepdf.new()
    for _ in range(pages):
        pdf.add_blank_page()
    if "root" in options:
        for name, value in options.pop("root").items():
            pdf.Root[name] = value
    content = io.BytesIO()
    pdf.save(content, **options)
    return content.getvalue()


def a_bomb(width, height):
    """A PNG whose header promises more than its few bytes hold."""

    def chunk(name, body):
        crc = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("form", "media_type"), [("PNG", files.PNG), ("JPEG", files.JPEG)])
def test_a_picture_is_taken_and_drawn_anew(form, media_type):
    found = files.inspect(a_picture(form=form))

    assert (found.media_type, found.rendition_media_type) == (media_type, files.JPEG)
    assert Image.open(io.BytesIO(found.rendition)).size == (320, 220)


def test_what_reviewers_see_has_no_place_device_or_thumbnail_in_it():
    exif = Image.Exif()
    exif[0x010F] = "SecretPhoneMaker"
    exif[0x9286] = "taken at home"
    content = a_picture(form="JPEG", exif=exif.tobytes(), comment=b"hidden words")
    assert b"SecretPhoneMaker" in content

    rendition = files.inspect(content).rendition

    assert not Image.open(io.BytesIO(rendition)).getexif()
    for secret in (b"SecretPhoneMaker", b"taken at home", b"hidden words"):
        assert secret not in rendition


def test_a_picture_turned_by_its_metadata_is_upright_afterwards():
    exif = Image.Exif()
    exif[0x0112] = 6
    rendition = files.inspect(a_picture(form="JPEG", exif=exif.tobytes())).rendition

    assert Image.open(io.BytesIO(rendition)).size == (220, 320)


def test_a_program_hung_on_a_picture_is_not_in_what_reviewers_see():
    content = a_picture(form="JPEG") + b"PK\x03\x04<script>alert(1)</script>"

    assert b"script" not in files.inspect(content).rendition


@pytest.mark.parametrize("mode", ["CMYK", "L", "I;16", "P", "1"])
def test_unusual_but_honest_pictures_are_taken(mode):
    content = io.BytesIO()
    form = "JPEG" if mode == "CMYK" else "PNG"
    Image.new(mode, (40, 40)).save(content, form)

    assert files.inspect(content.getvalue()).rendition_media_type == files.JPEG


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"<html><script>alert(1)</script>", "JPEG, PNG and PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "JPEG, PNG and PDF"),
        (b"MZ\x90\x00 a program called passport.jpg", "JPEG, PNG and PDF"),
        (b"PK\x03\x04 a spreadsheet called passport.pdf", "JPEG, PNG and PDF"),
        (b"GIF89a" + b"\0" * 50, "JPEG, PNG and PDF"),
        (b"\xff\xd8\xff\xe0 and nothing else", "damaged"),
        (a_picture(form="JPEG")[:-400], "damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "damaged"),
        (b"%PDF-1.7 and nothing else", "damaged"),
    ],
)
def test_whatever_it_is_called_it_is_refused_for_what_it_is(content, why):
    with pytest.raises(FileRefused, match=why):
        files.inspect(content)


def test_a_file_over_the_limit_is_refused_unread():
    with pytest.raises(FileRefused, match="15 MB"):
        files.inspect(a_picture() + b"\0" * files.BYTES_MAX)


def test_a_small_file_that_unfolds_to_billions_of_pixels_is_refused_by_its_header():
    began = time.process_time()
    with pytest.raises(FileRefused, match=r"megapixels|damaged"):
        files.inspect(a_bomb(50_000, 50_000))

    assert time.process_time() - began < 0.5


def test_a_moving_picture_is_refused():
    content = io.BytesIO()
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(content, "PNG", save_all=True, append_images=frames[1:])

    with pytest.raises(FileRefused, match="moves"):
        files.inspect(content.getvalue())


def test_a_plain_pdf_is_taken_as_it_is():
    content = a_pdf(2)

    found = files.inspect(content)

    assert (found.media_type, found.rendition) == (files.PDF, content)


def test_a_pdf_that_would_do_something_is_refused():
    script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
    launch = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="calc.exe")
    attachment = pikepdf.Dictionary(
        EmbeddedFiles=pikepdf.Dictionary(
            Names=[
                "a.exe",
                pikepdf.Dictionary(Type=pikepdf.Name.Filespec, EF=pikepdf.Dictionary()),
            ]
        )
    )
    hostile = (
        {"/OpenAction": script},
        {"/OpenAction": launch},
        {"/AA": pikepdf.Dictionary(WC=script)},
        {"/Names": attachment},
        {"/Names": pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=["x", script]))},
        {"/AcroForm": pikepdf.Dictionary(XFA="x")},
    )
    for root in hostile:
        with pytest.raises(FileRefused, match="PDF"):
            files.inspect(a_pdf(root=root))


def test_a_locked_or_endless_pdf_is_refused():
    with pytest.raises(FileRefused, match="encrypted"):
        files.inspect(a_pdf(encryption=pikepdf.Encryption(owner="x", user="y")))
    with pytest.raises(FileRefused, match="pages"):
        files.inspect(a_pdf(files.PAGES_MAX + 1))
