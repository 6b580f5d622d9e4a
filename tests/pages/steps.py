"""What people do on the pages, step by step, in their own words."""

from playwright.sync_api import Page, expect

from operational.access.matrix import Role
from tests.kyc.people import a_picture, td3
from tests.pages.running import PASSWORD, RunningHub

SOON_MS = 60_000


def register(page: Page, first_name: str, last_name: str, *, code: str = "ALPHA7") -> None:
    page.goto(f"/register?ref={code}&utm_source=search&utm_campaign=spring")
    page.fill("#first_name", first_name)
    page.fill("#last_name", last_name)
    page.fill("#email", f"{first_name}.{last_name}@example.com".lower())
    page.fill("#password", PASSWORD)
    page.select_option("#country", label="Germany")
    page.get_by_role("button", name="Open my account").click()
    page.wait_for_url("**/room")


def complete_profile(page: Page, birth_date: str) -> None:
    page.goto("/room/profile")
    page.fill("#birth_date", birth_date)
    page.fill("#phone", "+4915112345678")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/room/documents?*")


def hand_in_passport(page: Page, first_name: str, last_name: str, birth: str, number: str) -> None:
    zone = td3(surname=last_name.upper(), given=first_name.upper(), birth=birth, number=number)
    _upload(page, "passport", zone, f"PASSPORT {number}")


def hand_in_bill(page: Page, number: str) -> None:
    _upload(page, "proof_of_address", "", f"BILL {number}")


def _upload(page: Page, kind: str, zone: str, text: str) -> None:
    rows = page.locator("tbody tr").count()
    page.select_option("#kind", kind)
    picture = {"name": f"{kind}.png", "mimeType": "image/png", "buffer": a_picture(text)}
    page.set_input_files("#file", picture)
    page.fill("#mrz", zone)
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("tbody tr")).to_have_count(rows + 1, timeout=SOON_MS)


def ask_for_check(page: Page) -> str:
    """Send everything in; return what the page says at once."""
    page.get_by_role("button", name="Send for checking").click()
    return page.locator("#verdict").inner_text()


def deposit(page: Page, amount: str) -> None:
    """Ask, wait for the provider's page, pay there, and see the money come."""
    page.goto("/room/deposit")
    page.fill("#amount", amount)
    page.get_by_role("button", name="Go on to payment").click()
    page.locator("#pay").click()
    page.get_by_role("button", name="Pay").click()
    page.wait_for_url("**/room/deposits/*")
    expect(page.locator("#payment")).to_have_attribute("data-status", "succeeded", timeout=SOON_MS)


def open_account(page: Page) -> str:
    """Ask for a trading account; return its login."""
    page.goto("/room/accounts")
    page.get_by_role("button", name="Open account").click()
    return page.locator("#login").inner_text()


def fund(page: Page, amount: str) -> None:
    page.fill("#amount", amount)
    page.get_by_role("button", name="Move").click()
    expect(page.locator("#balance")).to_have_text(f"{amount} USD", timeout=SOON_MS)


def trade(page: Page) -> str:
    """Take a new terminal password, buy, close at once; return the balance the terminal shows."""
    page.get_by_role("button", name="New trading password").click()
    password, login = page.inner_text("#password"), page.inner_text("#login")
    page.goto(str(page.locator("#terminal").get_attribute("href")))
    page.fill("#login", login)
    page.fill("#password", password)
    page.get_by_role("button", name="Sign in").click()
    page.locator("button.buy").click()
    page.get_by_role("button", name="Close").click()
    page.get_by_text("Nothing is open.").wait_for()
    return page.locator("dl div", has_text="Balance").locator("dd").inner_text()


def sign_in(page: Page, hub: RunningHub, role: Role) -> None:
    """With password and one-time code. A code works once, so a second sign-in waits for the next."""
    page.goto("/sign-in")
    page.fill("#email", f"{role}@example.com")
    page.fill("#password", PASSWORD)
    page.fill("#code", hub.code(role))
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/staff")
