"""Builders for the identity tests: people, papers and lists, with sound defaults."""

import io
from datetime import UTC, date, datetime

from PIL import Image, ImageDraw

from operational.clients import service as clients
from operational.clients.forms import LeadForm, ProfileForm
from operational.kit.actor import Actor
from operational.kyc.mrz import check_digit

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
STRANGER = Actor(id="anonymous", name="anonymous", roles=frozenset(), ip="203.0.113.7")


def a_client(
    session,
    email="lena.weber@example.com",
    *,
    first_name="Lena",
    last_name="Weber",
    birth_date="1990-05-17",
    country="DE",
    phone="+4915112345678",
    device="d-lena",
    ip="203.0.113.7",
    now=NOW,
):
    """A client with a complete profile."""
    stranger = Actor(id="anonymous", name="anonymous", roles=frozenset(), ip=ip)
    form = LeadForm(
        email=email,
        password="a long enough phrase",
        first_name=first_name,
        last_name=last_name,
        country=country,
        device=device,
    )
    client = clients.register_lead(session, form, actor=stranger, now=now, ip_country=country)
    told = profile(
        first_name=first_name,
        last_name=last_name,
        birth_date=birth_date,
        country=country,
        phone=phone,
    )
    return clients.complete_profile(session, client.id, told, actor=herself(client), now=now)


def profile(**fields):
    """What Lena Weber would write into her profile, but for what is said otherwise."""
    told = {
        "first_name": "Lena",
        "last_name": "Weber",
        "birth_date": "1990-05-17",
        "country": "DE",
        "phone": "+4915112345678",
    }
    return ProfileForm.model_validate(told | fields)


def herself(client):
    return Actor(
        id=str(client.user_id),
        name=client.first_name,
        roles=frozenset({"client"}),
        ip="203.0.113.7",
    )


def staff(role, number=1):
    return Actor(
        id=f"00000000-0000-7000-8000-{number:012d}",
        name=f"{role} {number}",
        roles=frozenset({role}),
    )


def td3(
    *,
    surname="WEBER",
    given="LENA",
    number="C01X00T47",
    birth="900517",
    expiry="310630",
    country="D<<",
    sex="F",
):
    """A passport's two lines with right check digits."""
    first = f"P<{country}{surname}<<{given}".replace(" ", "<").ljust(44, "<")[:44]
    number = number.ljust(9, "<")
    number, birth, expiry = (f"{part}{check_digit(part)}" for part in (number, birth, expiry))
    optional = "<" * 14 + "0"
    second = f"{number}{country}{birth}{sex}{expiry}{optional}"
    return f"{first}\n{second}{check_digit(number + birth + expiry + optional)}"


def a_picture(text="PASSPORT", form="PNG", size=(320, 220), **options):
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).text((20, 20), text, fill="black")
    drawn = io.BytesIO()
    image.save(drawn, form, **options)
    return drawn.getvalue()


TODAY = date(2026, 3, 1)
