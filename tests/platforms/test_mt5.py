"""MetaTrader's Web API, spoken to a server that keeps its rules."""

from datetime import timedelta

import httpx
import pytest

from operational.kit.clock import utc_now
from operational.kit.money import Money
from operational.platforms import mt5 as wire
from operational.platforms.mt5 import Manager, Mt5, Mt5Incomplete, Mt5Refused, Mt5Unavailable

HOUR = timedelta(hours=1)


@pytest.fixture
def login(mt5) -> int:
    return mt5.add_user({"group": r"real\standard-USD", "leverage": 100, "comment": "A-1"})


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def deals(mt5, login):
    return mt5.deals(login, utc_now() - HOUR, utc_now() + HOUR)


def test_the_handshake_matches_the_published_example():
    key = wire.password_hash("Password1")

    assert key.hex() == "904ba8ecb16273d2f0ae9c3b8a023752"
    challenge = bytes.fromhex("73007dc7184747ce0f7c98516ef1c851")
    assert wire.answer_to(key, challenge).hex() == "77fe51827f7fa69dd80fbec9aa33f1bb"


def test_an_account_is_opened_funded_and_read_back(mt5, login):
    ticket = mt5.balance(login, usd(12_345), "T-1")

    assert mt5.user(login)["Balance"] == "123.45"
    [deal] = deals(mt5, login)
    assert (deal["Deal"], deal["Profit"], deal["Comment"]) == (str(ticket), "123.45", "T-1")
    found = mt5.find_balance_deal(login, "T-1", utc_now() - HOUR, utc_now() + HOUR)
    assert found == deal
    assert mt5.find_balance_deal(login, "T-2", utc_now() - HOUR, utc_now() + HOUR) is None


def test_a_session_dies_with_its_connection_and_is_opened_anew(mt5, login):
    mt5._client.close()
    mt5._client = httpx.Client(
        base_url=mt5._client.base_url, limits=httpx.Limits(max_connections=1)
    )

    assert mt5.user(login)["Login"] == str(login)


def test_a_wrong_password_is_refused(stand):
    wrong = Manager("s", stand.manager.login, "wrong")
    with Mt5(stand.url, wrong) as stranger, pytest.raises(Mt5Refused) as refused:
        stranger.users()

    assert refused.value.code == 3006


def test_a_server_that_does_not_know_our_password_is_not_trusted(stand):
    def impostor(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/auth/start":
            return httpx.Response(200, json={"retcode": "0 Done", "srv_rand": "00" * 16})
        if request.url.path == "/api/auth/answer":
            return httpx.Response(200, json={"retcode": "0 Done", "cli_rand_answer": "00" * 16})
        return httpx.Response(403, json={"retcode": "8 Not enough permissions"})

    client = Mt5("http://x", stand.manager, transport=httpx.MockTransport(impostor))
    with client, pytest.raises(Mt5Unavailable, match="another one"):
        client.users()


@pytest.mark.parametrize("code", [3, 8, 13, 1001, 1002, 4005, 10017, 10019])
def test_a_clear_no_is_a_refusal(mt5, stand, login, code):
    stand.fault("* /api/trade/balance", "refuse", detail=str(code))

    with pytest.raises(Mt5Refused) as refused:
        mt5.balance(login, usd(100), "T-1")

    assert refused.value.code == code
    assert deals(mt5, login) == []


@pytest.mark.parametrize("code", [7, 9, 12])
def test_network_timeout_and_too_frequent_are_no_answers(mt5, stand, login, code):
    stand.fault("* /api/trade/balance", "refuse", detail=str(code))

    with pytest.raises(Mt5Unavailable):
        mt5.balance(login, usd(100), "T-1")


@pytest.mark.parametrize(
    ("fault", "is_done"), [("error_after", True), ("garbage", True), ("timeout_before", False)]
)
def test_an_answer_nobody_can_read_says_nothing_about_what_happened(
    mt5, stand, login, fault, is_done
):
    stand.fault("* /api/trade/balance", fault, delay_ms=50)

    with pytest.raises(Mt5Unavailable):
        mt5.balance(login, usd(100), "T-1")

    assert len(deals(mt5, login)) == is_done


def test_taking_more_than_there_is_is_refused(mt5, login):
    mt5.balance(login, usd(100), "T-1")

    with pytest.raises(Mt5Refused) as refused:
        mt5.balance(login, usd(-101), "T-2")

    assert refused.value.code == 10019


def test_a_comment_that_would_be_cut_never_leaves(mt5, login):
    with pytest.raises(AssertionError):
        mt5.balance(login, usd(100), "x" * 32)


def test_deals_over_several_pages_come_whole_and_once(mt5, stand, login):
    step = {"op": "balance", "login": login, "amount": "1.00", "comment": "many"}
    steps = [step | {"at": str(int(utc_now().timestamp()))} for _ in range(250)]
    httpx.post(f"{stand.url}/terminal/trade", json=steps).raise_for_status()

    found = deals(mt5, login)

    assert len({deal["Deal"] for deal in found}) == 250


def test_pages_that_do_not_add_up_are_not_believed(stand):
    """A deal was deleted while the pages were read, every time."""

    def shrinking(request: httpx.Request) -> httpx.Response:
        answer = {"Total": "2"} if request.url.path.endswith("get_total") else [{"Deal": "1"}]
        return httpx.Response(200, json={"retcode": "0 Done", "answer": answer})

    client = Mt5("http://x", stand.manager, transport=httpx.MockTransport(shrinking))
    with client, pytest.raises(Mt5Incomplete):
        deals(client, 1)
