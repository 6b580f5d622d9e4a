"""Who registers, what the door knows of them, and what it tells strangers."""

import re
from html import unescape

import pytest
from sqlalchemy import text
from starlette.requests import Request

from api import registration
from operational.access.matrix import Role
from operational.clients import queries
from operational.kit.ids import uuid7
from operational.kit.settings import Settings
from tests.api import cast
from tests.api.opened import PASSWORD

LINK = re.compile(r'id="link" value="([^"]+)"')


@pytest.fixture(autouse=True)
def _rules(opened):
    cast.prepare(opened)
    opened.clock.pass_(hours=1)


def form(**fields):
    told = {
        "email": f"{uuid7().hex}@example.com",
        "password": PASSWORD,
        "first_name": "Ann",
        "last_name": "Example",
        "country": "CO",
    }
    return told | fields


def lead_form(**fields):
    return {name: told for name, told in form(**fields).items() if name != "password"}


def the_client(opened, sent):
    (found,) = opened.query(lambda session: session.scalars(queries.matching(sent["email"])).all())
    return found


def token_of(link: str) -> str:
    return link.rpartition("/")[2]


@pytest.mark.parametrize(
    ("asked", "language", "queue"),
    [
        ("es-CO,es;q=0.9,en;q=0.8", "es", "iberia_latam"),
        ("en;q=0.3, pt-BR;q=0.9", "pt", "iberia_latam"),
        ("ar", "ar", "mena"),
        ("fr-FR", "fr", "international"),
        ("*", "en", "international"),
        ("", "en", "international"),
        ("es;q=nonsense, x" * 500, "en", "international"),
    ],
)
def test_a_lead_is_routed_by_the_language_the_browser_asks_for(opened, asked, language, queue):
    sent = form()
    opened.visitor(**{"Accept-Language": asked}).post("/register", data=sent)

    client = the_client(opened, sent)
    assert (client.language, client.queue) == (language, queue)


def test_a_second_registration_from_one_browser_is_seen(opened):
    browser, first, second = opened.visitor(), form(), form()
    browser.post("/register", data=first)
    browser.post("/register", data=second, headers={"Cookie": device_cookie(browser)})
    other = form()
    opened.visitor().post("/register", data=other)

    one, same, another = (the_client(opened, sent) for sent in (first, second, other))
    assert one.device == same.device
    assert another.device not in {None, one.device}


def device_cookie(browser) -> str:
    """The mark alone, as after signing out."""
    held = browser.cookies.get(registration.DEVICE_COOKIE)
    browser.cookies.clear()
    return f"{registration.DEVICE_COOKIE}={held}"


def test_the_edge_says_where_the_address_is_if_there_is_an_edge(opened):
    known, odd = form(), form()
    opened.visitor(**{"X-Edge-Country": "ng"}).post("/register", data=known)
    opened.visitor(**{"X-Edge-Country": "T1"}).post("/api/clients/registrations", json=odd)

    assert the_client(opened, known).ip_country == "NG"
    assert the_client(opened, odd).ip_country is None
    scope = {"type": "http", "headers": [(b"x-edge-country", b"NG")]}
    assert registration.country_of(Request(scope), Settings()) is None


def test_a_colleague_on_the_public_page_stays_who_they_are(opened):
    sales, sent = opened.signed_in(Role.SALES), form()

    answer = sales.post("/register", data=sent, headers={"X-Edge-Country": "CY"})

    client = the_client(opened, sent)
    assert answer.headers["location"] == f"/staff/clients/{client.id}"
    assert "set-cookie" not in answer.headers
    assert (client.registered_ip, client.device, client.ip_country) == (None, None, None)
    signed_in = {"email": sent["email"], "password": PASSWORD}
    assert opened.visitor().post("/session", json=signed_in).status_code == 401


def test_a_lead_registered_by_sales_chooses_a_password_behind_the_link(opened):
    sales, sent = opened.signed_in(Role.SALES), lead_form(language="es", phone="")

    page = sales.post("/staff/clients/new", data=sent)
    welcome = f"/welcome/{token_of(unescape(LINK.search(page.text)[1]))}"
    person, chosen = opened.visitor(), {"password": "quite another phrase"}

    assert the_client(opened, sent).queue == "iberia_latam"
    assert person.get(welcome).status_code == 200
    assert person.post(welcome, data=chosen).status_code == 303
    assert person.post(welcome, data=chosen).status_code == 404
    signed_in = {"email": sent["email"], **chosen}
    assert person.post("/session", json=signed_in).status_code == 201


def test_nobody_of_ours_gets_a_link_into_an_account_that_is_taken_up(opened):
    sales, sent = opened.signed_in(Role.SALES), lead_form()
    made = sales.post("/api/clients", json=sent).json()
    again = sales.post(f"/api/clients/{made['id']}/invitation").json()
    person, old, new = opened.visitor(), token_of(made["link"]), token_of(again["link"])
    chosen = {"password": "quite another phrase"}

    assert person.post(f"/welcome/{old}", data=chosen).status_code == 404
    assert "not taken up" in sales.get(f"/staff/clients/{made['id']}").text
    assert person.post(f"/welcome/{new}", data=chosen).status_code == 303
    assert sales.post(f"/api/clients/{made['id']}/invitation").status_code == 409
    assert "not taken up" not in sales.get(f"/staff/clients/{made['id']}").text


def test_a_person_registers_with_a_password(opened):
    answer = opened.visitor().post("/api/clients/registrations", json=lead_form())

    assert (answer.status_code, answer.json()["code"]) == (422, "password_weak")


def test_asking_who_is_a_client_ends_after_a_few(opened):
    known = form()
    opened.visitor().post("/register", data=known)
    taken = [
        opened.visitor().post("/api/clients/registrations", json=known).status_code
        for _ in range(registration.TAKEN_PER_ADDRESS_MAX)
    ]

    after = [
        opened.visitor().post("/api/clients/registrations", json=sent).status_code
        for sent in (known, form())
    ]

    assert taken == [409] * registration.TAKEN_PER_ADDRESS_MAX
    assert after == [429, 429], "a taken and a free e-mail look alike by then"
    count = text("select count(*) from clients.client where email = :email")
    assert opened.query(lambda session: session.scalar(count, known)) == 1
