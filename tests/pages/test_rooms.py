"""A lead becomes a trader in one sitting; a case that cannot move fast stops and says why."""

from playwright.sync_api import expect

from operational.access.matrix import Role
from tests.pages import steps
from tests.pages.running import PASSWORD

SOON_MS = 60_000


def test_a_lead_registers_is_approved_by_rule_pays_trades_and_sees_it(hub, person):
    lena = person()
    steps.register(lena, "Lena", "Weber")
    steps.complete_profile(lena, "1990-05-17")
    steps.hand_in_passport(lena, "Lena", "Weber", "900517", "C01X00T47")
    steps.hand_in_bill(lena, "C01X00T47")

    assert "You are verified" in steps.ask_for_check(lena)

    steps.deposit(lena, "1000.00")
    lena.goto("/room")
    expect(lena.locator("[data-wallet=USD]")).to_have_text("1,000.00 USD")

    login = steps.open_account(lena)
    steps.fund(lena, "500.00")
    expect(lena.locator("#wallet")).to_have_text("500.00 USD")

    account = lena.url
    balance = steps.trade(lena)
    assert balance != "500.00 USD"

    lena.goto(account)
    expect(lena.locator("#login")).to_have_text(login)
    # The observer looks every two seconds; nobody pressed anything here.
    for _ in range(30):
        if lena.locator("#balance").inner_text() == balance:
            break
        lena.reload()
        lena.wait_for_timeout(1_000)
    assert lena.locator("#balance").inner_text() == balance


def test_a_flagged_client_stops_with_reasons_and_a_compliance_officer_decides(hub, person):
    viktor = person()
    steps.register(viktor, "Viktor", "Bout")
    steps.complete_profile(viktor, "1967-01-13")
    steps.hand_in_passport(viktor, "Viktor", "Bout", "670113", "X01X00T48")
    steps.hand_in_bill(viktor, "X01X00T48")

    verdict = steps.ask_for_check(viktor)
    assert "A person is looking at it" in verdict
    assert "list" not in verdict.lower(), "a listed person must not be tipped off"
    viktor.goto("/room/deposit")
    assert viktor.locator("#amount").count() == 0

    support = person()
    steps.sign_in(support, hub, Role.SUPPORT)
    support.goto("/staff/review")
    support.locator("main a.card").first.click()
    expect(support.locator("#reasons")).to_contain_text("matches a listed one")
    assert "Viktor Anatolyevich Bout" not in support.content()
    assert support.locator("#note").count() == 0
    assert "viktor.bout@example.com" not in support.content()

    officer = person()
    steps.sign_in(officer, hub, Role.COMPLIANCE)
    officer.goto("/staff/review")
    officer.locator("main a.card").first.click()
    expect(officer.locator("#reasons")).to_contain_text("screening_hit")
    expect(officer.locator("#reasons")).to_contain_text("Viktor Anatolyevich Bout")
    officer.fill("#note", "no")
    officer.get_by_role("button", name="Approve").click()
    expect(officer.locator(".problem")).to_have_text("Say why, in a few words.")
    officer.fill("#note", "Another Viktor Bout: born elsewhere, seen in person.")
    officer.get_by_role("button", name="Approve").click()
    officer.wait_for_url("**/staff/review?*")
    expect(officer.get_by_role("status")).to_have_text("The case is decided.")

    viktor.goto("/room/documents")
    expect(viktor.locator("#verdict")).to_contain_text("You are verified")


def test_blocking_here_shows_on_the_platform_and_on_the_screen(hub, person):
    mara = person()
    steps.register(mara, "Mara", "Novak")
    steps.complete_profile(mara, "1985-03-02")
    steps.hand_in_passport(mara, "Mara", "Novak", "850302", "C01X00T49")
    steps.hand_in_bill(mara, "C01X00T49")
    steps.ask_for_check(mara)
    login = steps.open_account(mara)

    support = person()
    hub.wait_for_next_code()
    steps.sign_in(support, hub, Role.SUPPORT)
    support.goto("/staff/accounts")
    support.get_by_role("link", name=login).click()
    support.fill("#reason", "asked by the client")
    support.get_by_role("button", name="Block the account").click()
    expect(support.locator("#observed")).to_have_text("Blocked", timeout=SOON_MS)

    mara.goto("/room/accounts")
    expect(mara.locator("#accounts")).to_contain_text("Blocked", timeout=SOON_MS)


def test_a_partner_sees_the_clients_it_brought_by_masked_names(hub, person):
    steps.register(person(), "Rosalind", "Ashcombe")
    partner = person()
    partner.goto("/sign-in")
    partner.fill("#email", "partner@example.com")
    partner.fill("#password", PASSWORD)
    partner.get_by_role("main").get_by_role("button", name="Sign in").click()
    partner.wait_for_url("**/partner")

    assert "ref=ALPHA7" in partner.locator("#link").input_value()
    expect(partner.locator("tbody tr").first).to_be_visible()
    assert "Ashcombe" not in partner.content()
    assert "example.com" not in partner.locator("tbody").inner_text()


def test_a_page_that_cannot_renew_says_so_and_a_signed_out_one_goes_to_the_door(hub, person):
    page = person()
    page.context.add_cookies([hub.session_cookie(Role.SUPPORT)])
    page.goto("/staff/accounts")
    stale = page.get_by_text("Not renewed since")

    page.context.set_offline(True)
    expect(stale).to_be_visible(timeout=SOON_MS)
    page.context.set_offline(False)
    expect(stale).to_be_hidden(timeout=SOON_MS)

    elsewhere = page.context.new_page()
    elsewhere.goto("/staff")
    elsewhere.get_by_role("button", name="Sign out").click()
    expect(elsewhere.get_by_role("status")).to_have_text("You are signed out.")
    page.wait_for_url("**/sign-in?next=/staff/accounts")


def test_a_file_too_large_is_told_before_it_is_sent(hub, person):
    lena = person()
    steps.register(lena, "Lena", "Large")
    steps.complete_profile(lena, "1990-05-17")
    large = {"name": "p.png", "mimeType": "image/png", "buffer": b"x" * (16 * 1024 * 1024)}

    lena.set_input_files("#file", large)

    said = lena.locator("#file").evaluate("input => input.validationMessage")
    assert said == "This file is too large: at most 15 MB."
