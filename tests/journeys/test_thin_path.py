"""A broker's day in one walk: from a referral link to the management's key figures."""

import re

from playwright.sync_api import Page, expect

from lake import connection, publication
from tests.faults.processes import wait_until
from tests.journeys import papers
from tests.journeys.conftest import Hub

PASSWORD = "a long sentence is best 7"


def register(page: Page, room: str, code: str) -> None:
    page.goto(f"{room}/register?ref={code}&utm_source=journey")
    page.fill("[name=first_name]", "Henrietta")
    page.fill("[name=last_name]", "Okonkwo")
    page.fill("[name=email]", "henrietta@example.org")
    page.fill("[name=password]", PASSWORD)
    page.select_option("[name=country]", "GB")
    page.click("text=Open my account")
    expect(page).to_have_url(re.compile("/room"))
    page.goto(f"{room}/room/profile")
    page.fill("[name=birth_date]", str(papers.BORN))
    page.fill("[name=phone]", "+447911123456")
    page.click("text=Save and go on")
    expect(page).to_have_url(re.compile("/room/documents"))


def hand_in(page: Page, room: str) -> None:
    zone = papers.passport_zone("OKONKWO", "HENRIETTA")
    for kind, word in (("passport", "Passport"), ("proof_of_address", "Proof")):
        page.goto(f"{room}/room/documents")
        page.select_option("[name=kind]", kind)
        page.set_input_files("[name=file]", papers.picture(kind))
        if kind == "passport":
            page.fill("[name=mrz]", zone)
        page.click("text=Upload")
        expect(page.locator("table")).to_contain_text(word)
    page.click("text=Send for checking")


def deposit(page: Page, room: str, amount: str) -> None:
    page.goto(f"{room}/room/deposit")
    page.fill("[name=amount]", amount)
    page.click("text=Go on to payment")
    page.click("a:has-text('Pay ')")
    page.click("button.pay")
    expect(page).to_have_url(re.compile("/room/deposits/"))
    page.goto(f"{room}/room")
    # The return page credits nothing; the callback does.
    wait_until(lambda: page.reload() is not None and amount in page.inner_text("main"), "credited")


def fund_and_trade(page: Page, hub: Hub) -> None:
    page.goto(f"{hub.settings.api_url}/room/accounts")
    page.click("text=Open account")
    expect(page.locator("main")).to_contain_text("Active")
    page.click("text=New trading password")
    facts = page.locator("main").inner_text()
    login, password = re.search(r"Login\s+(\d+)\s+Password\s+(\S+)", facts).groups()
    page.click("text=Back to the account")
    page.fill("[name=amount]", "200")
    page.click("button:has-text('Move')")
    expect(page.locator("main")).to_contain_text("Done")

    page.goto(f"{hub.settings.mt5_url}/terminal/")
    page.fill("[name=login]", login)
    page.fill("[name=password]", password)
    page.click("text=Sign in")
    page.click("button.buy")
    page.click("text=Close")
    expect(page.locator("body")).to_contain_text("Nothing is open")


def published(hub: Hub, sql: str) -> list[tuple[object, ...]]:
    standing = publication.current(hub.settings)
    with connection.read_at(hub.settings, standing.published.snapshot) as lake:
        return lake.execute(sql).fetchall()


def test_a_referred_lead_becomes_a_trading_client_whom_finance_can_follow(
    whole_hub: Hub, page: Page
):
    code = str(published(whole_hub, "select min(partner_code) from lake.marts.dim_partners")[0][0])
    room = whole_hub.settings.api_url

    register(page, room, code)
    hand_in(page, room)
    expect(page.locator("#verdict")).to_contain_text("You are verified")
    deposit(page, room, "512.34")
    fund_and_trade(page, whole_hub)

    # Bought and sold within seconds: the partner's plan pays no scalping, and says so.
    line = (
        "select partner_code, exclusion_reason from lake.marts.fct_partner_commissions as lines "
        "left join lake.marts.dim_partners on lines.partner_id = dim_partners.partner_id "
        "join lake.marts.dim_clients on lines.client_id = dim_clients.client_id "
        "where dim_clients.deposit_usd_minor = 51234"
    )
    wait_until(
        lambda: published(whole_hub, line) == [(code, "too_short")],
        "the trade is published, and why it pays no commission",
        seconds=120,
        pause=1,
    )


def test_management_opens_a_key_figure_down_to_its_rows(whole_hub: Hub, page: Page):
    page.goto(whole_hub.settings.dashboards_url)
    page.click("button:has-text('Sign in')")
    page.wait_for_selector("[name=email]")
    whole_hub.sign_in(page, "management")

    main = page.locator(".stMain")
    expect(main).to_contain_text("As of")
    expect(main).to_contain_text("Registrations")
    page.get_by_text("Open", exact=True).first.click()

    expect(main).to_contain_text("People who left a name and an e-mail")
    expect(main).to_contain_text(re.compile("SQL"))
    expect(page.locator("[data-testid=stDataFrame]").first).to_be_visible()
