"""The MetaTrader stand-in: handshake, habits of the Web API, balance operations, deals."""

import http.client
import json
import socket
import struct
from decimal import Decimal

import httpx
import pytest

from sandbox.mt5.sessions import answer_to

MONEY = ("Profit", "Storage", "Commission", "Fee")


def open_account(server, group: str = "real\\standard-USD", money: str = "10000", **fields) -> int:
    steps = [{"op": "account", "ref": "a", "fields": {"Group": group, **fields}}]
    if Decimal(money):
        steps.append({"op": "balance", "account": "a", "amount": money, "comment": "start"})
    return trade(server, *steps)[0]["login"]


def trade(server, *steps: dict[str, object]) -> list[dict[str, object]]:
    return server.http.post("/terminal/trade", json=list(steps)).json()


def ask(client, path: str, **params: object):
    return client.get(f"/api/{path}", params=params).json()


def answer(client, path: str, **params: object):
    body = ask(client, path, **params)
    assert body["retcode"] == "0 Done", body
    return body["answer"]


def deals_of(client, login: int):
    return answer(client, "deal/get_batch", login=login)


def test_the_handshake_answers_as_published():
    challenge = bytes.fromhex("73007dc7184747ce0f7c98516ef1c851")

    assert answer_to("Password1", challenge) == "77fe51827f7fa69dd80fbec9aa33f1bb"


def test_both_sides_prove_that_they_know_the_password(mt5):
    client = mt5.client()
    password = mt5.secrets["manager_password"][0]
    start = ask(client, "auth/start", version=4330, agent="test", login=1000, type="manager")
    proof = answer_to(password, bytes.fromhex(start["srv_rand"]))

    done = ask(client, "auth/answer", srv_rand_answer=proof, cli_rand="0f" * 16)

    assert start["retcode"] == done["retcode"] == "0 Done"
    assert done["cli_rand_answer"] == answer_to(password, bytes.fromhex("0f" * 16))
    assert ask(client, "test/access") == {"retcode": "0 Done"}


def test_a_wrong_password_opens_nothing(mt5):
    client = mt5.client()
    start = ask(client, "auth/start", login=1000)
    proof = answer_to("wrong", bytes.fromhex(start["srv_rand"]))

    refused = ask(client, "auth/answer", srv_rand_answer=proof, cli_rand="00" * 16)

    assert refused["retcode"] == "3006 Invalid password"
    assert ask(client, "test/access")["retcode"].startswith("8 ")


def test_a_second_connection_is_not_let_in_on_the_first_one_s_session(mt5):
    first, second = mt5.authorised(), mt5.client()

    assert ask(first, "test/access")["retcode"] == "0 Done"
    refused = second.get("/api/test/access")
    assert (refused.status_code, refused.json()["retcode"]) == (403, "8 Not enough permissions")


def connect(server, source_port: int = 0) -> http.client.HTTPConnection:
    """A connection from a port of our choice, that leaves no trace of it when closed."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.bind(("127.0.0.1", source_port))
    line.connect(("127.0.0.1", server.port))
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.sock = line
    return connection


def retcode_of(connection: http.client.HTTPConnection, path: str) -> dict[str, str]:
    connection.request("GET", f"/api/{path}")
    return json.loads(connection.getresponse().read())


def test_a_session_dies_with_its_connection_even_when_the_port_comes_again(mt5):
    first = connect(mt5)
    start = retcode_of(first, "auth/start?login=1000")
    proof = answer_to(mt5.secrets["manager_password"][0], bytes.fromhex(start["srv_rand"]))
    retcode_of(first, f"auth/answer?srv_rand_answer={proof}&cli_rand=00")
    before = retcode_of(first, "test/access")
    port = first.sock.getsockname()[1]
    first.close()

    second = connect(mt5, port)
    after = retcode_of(second, "test/access")
    second.close()

    assert before["retcode"] == "0 Done"
    assert after["retcode"] == "8 Not enough permissions"


def test_every_number_of_a_deal_is_a_string_and_every_field_is_there(mt5):
    login = open_account(mt5)
    trade(mt5, {"op": "open", "login": login, "symbol": "EURUSD", "lots": "0.10"})
    client = mt5.authorised()

    for deal in deals_of(client, login):
        assert all(isinstance(value, str) for value in deal.values())
        assert len(deal) == 43


def test_an_account_is_opened_read_and_listed(mt5):
    client = mt5.authorised()
    body = {"Group": "real\\ecn-EUR", "FirstName": "Ann", "PassMain": "Passw0rd!", "Leverage": "50"}

    user = client.post("/api/user/add", json=body).json()["answer"]

    assert user["Rights"] == "483"
    assert answer(client, "user/get", login=user["Login"])["FirstName"] == "Ann"
    logins = answer(client, "user/logins", group="real\\ecn*")
    assert user["Login"] in logins
    assert user["Login"] not in answer(client, "user/logins", group="*,!real\\ecn*")
    taken = ask(client, "user/add", login=user["Login"], group="real\\x")
    assert taken["retcode"] == "3004 Already exists"
    assert ask(client, "user/get", login=1)["retcode"] == "13 Not found"


def test_a_batch_of_accounts_is_chosen_by_login_or_by_mask(mt5):
    client = mt5.authorised()
    group = "real\\batch-USD"
    logins = [open_account(mt5, group, "0") for _ in range(3)]

    by_mask = answer(client, "user/get_batch", group="real\\batch*")
    by_login = answer(client, "user/get_batch", login=",".join(map(str, logins[:2])))

    assert [int(user["Login"]) for user in by_mask] == logins
    assert [int(user["Login"]) for user in by_login] == logins[:2]


def test_a_weak_password_is_not_changed_to(mt5):
    client = mt5.authorised()
    login = open_account(mt5, PassMain="Passw0rd!")

    refused = ask(client, "user/change_password", login=login, type="main", password="weak")

    assert refused["retcode"] == "3006 Invalid password"
    kept = ask(client, "user/check_password", login=login, type="main", password="Passw0rd!")
    assert kept["retcode"] == "0 Done"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"rights": "all"}, 3),
        ({"rights": "-1"}, 3),
        ({"leverage": "1:100"}, 3),
        ({"leverage": "0"}, 3),
        ({"login": "²"}, 3),
        ({"login": "9" * 30}, 3),
        ({"pass_main": "Sh0rt!"}, 3006),
        ({"pass_main": "Much_too_l0ng_for_it"}, 3006),
        ({"pass_main": "no_upper_1"}, 3006),
        ({"pass_main": "NoSpecial1"}, 3006),
        ({"pass_investor": "NO_LOWER_1"}, 3006),
    ],
)
def test_an_account_that_makes_no_sense_is_not_opened(mt5, params, code):
    client = mt5.authorised()
    before = answer(client, "user/total")

    body = ask(client, "user/add", **{"group": "real\\standard-USD", **params})

    assert int(body["retcode"].split(" ")[0]) == code
    assert answer(client, "user/total") == before


def test_an_update_writes_the_whole_mask_and_never_the_balance(mt5):
    client = mt5.authorised()
    login = open_account(mt5)

    answer(client, "user/update", login=login, rights=0x163 | 0x20000, balance="1")

    user = answer(client, "user/get", login=login)
    assert (user["Rights"], user["Balance"]) == (str(0x20163), "10000.00")


def test_a_group_of_another_currency_needs_an_empty_account(mt5):
    client = mt5.authorised()
    rich, empty = open_account(mt5), open_account(mt5, money="0")

    refused = ask(client, "user/update", login=rich, group="real\\standard-EUR")
    moved = ask(client, "user/update", login=empty, group="real\\standard-EUR")

    assert refused["retcode"] == "3010 Different currency"
    assert moved["retcode"] == "0 Done"


def test_a_balance_operation_moves_the_balance_and_leaves_a_deal(mt5):
    client = mt5.authorised()
    login = open_account(mt5, money="0")

    ticket = answer(client, "trade/balance", login=login, type=2, balance="250.10", comment="D-1")

    deal = answer(client, "deal/get", ticket=ticket["Ticket"])
    assert (deal["Action"], deal["Profit"], deal["Comment"]) == ("2", "250.10", "D-1")
    assert deal["Symbol"] == ""
    assert answer(client, "user/get", login=login)["Balance"] == "250.10"


def test_the_same_balance_operation_twice_moves_the_money_twice(mt5):
    client = mt5.authorised()
    login = open_account(mt5, money="0")

    for _ in range(2):
        answer(client, "trade/balance", login=login, type=2, balance="100", comment="D-7")

    assert answer(client, "user/get", login=login)["Balance"] == "200.00"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"type": 2, "balance": "-100.01"}, 10019),
        ({"type": 3, "balance": "-0.01"}, 10019),
        ({"type": 2, "balance": "1000000000.01"}, 4005),
        ({"type": 7, "balance": "1"}, 3),
        ({"type": 2, "balance": "many"}, 3),
        ({"type": 2, "balance": "0"}, 3),
        ({"type": 2}, 3),
        ({"type": 2, "balance": "1", "login": 5}, 13),
    ],
)
def test_a_balance_operation_is_refused_with_its_code(mt5, params, code):
    client = mt5.authorised()
    login = open_account(mt5, money="100")

    body = ask(client, "trade/balance", **{"login": login, **params})

    assert int(body["retcode"].split(" ")[0]) == code
    assert answer(client, "user/get", login=login)["Balance"] == "100.00"


def test_money_in_use_as_margin_cannot_leave_unless_the_check_is_off(mt5):
    client = mt5.authorised()
    login = open_account(mt5, money="1000", leverage="100")
    trade(mt5, {"op": "open", "login": login, "symbol": "EURUSD", "lots": "0.50"})
    out = {"login": login, "type": 2, "balance": "-900"}

    assert ask(client, "trade/balance", **out)["retcode"] == "10019 Not enough money"
    assert ask(client, "trade/balance", **out, check_margin=0)["retcode"] == "0 Done"


def test_a_long_comment_is_cut_in_silence(mt5):
    client = mt5.authorised()
    login = open_account(mt5, money="0")

    ticket = answer(client, "trade/balance", login=login, type=2, balance=1, comment="x" * 40)

    assert answer(client, "deal/get", ticket=ticket["Ticket"])["Comment"] == "x" * 31


def test_a_trade_pays_what_the_prices_say(mt5):
    login = open_account(mt5, "real\\raw-USD")
    at = {"login": login, "symbol": "USDJPY"}
    trade(
        mt5,
        {"op": "open", "at": "2026-03-03T10:00:00Z", "ref": "p", "side": "buy", "lots": "0.20"}
        | at
        | {"price": "150.000"},
        {"op": "close", "at": "2026-03-05T10:00:00Z", "ref": "p", "price": "150.500"},
    )
    client = mt5.authorised()

    opened, closed = (deal for deal in deals_of(client, login) if deal["Symbol"])

    assert (opened["Action"], opened["Entry"]) == ("0", "0")
    assert (closed["Action"], closed["Entry"]) == ("1", "1")
    assert opened["PositionID"] == closed["PositionID"]
    assert closed["PricePosition"] == "150.000"
    assert (closed["Volume"], closed["VolumeExt"]) == ("2000", "20000000")
    assert closed["VolumeClosedExt"] == "20000000"
    assert closed["ProfitRaw"] == "10000.00"
    exact = Decimal(10000) * Decimal(closed["RateProfit"])
    assert Decimal(closed["Profit"]) == exact.quantize(Decimal("0.01"))
    assert opened["Commission"] == closed["Commission"] == "-0.70"
    # Tuesday to Thursday: one night, and Wednesday's three.
    swap = Decimal("11.8") * Decimal("0.001") * 100_000 * Decimal("0.20") * 4
    expected = (swap * Decimal(closed["RateProfit"])).quantize(Decimal("0.01"))
    assert Decimal(closed["Storage"]) == expected


def test_half_a_position_can_be_closed(mt5):
    login = open_account(mt5)
    results = trade(
        mt5,
        {"op": "open", "login": login, "symbol": "EURUSD", "lots": "0.30", "ref": "p"},
        {"op": "close", "ref": "p", "lots": "0.10"},
        {"op": "close", "ref": "p", "lots": "0.30"},
    )
    client = mt5.authorised()

    [position] = answer(client, "position/get_batch", login=login)

    assert [result["retcode"][:5] for result in results] == ["0 Don", "0 Don", "10014"]
    assert (position["Volume"], position["VolumeExt"]) == ("2000", "20000000")


@pytest.mark.parametrize(
    ("rights", "retcode"), [(0x162, "1002 Account disabled"), (0x167, "10017 Trade is disabled")]
)
def test_a_blocked_account_cannot_trade(mt5, rights, retcode):
    login = open_account(mt5)
    answer(mt5.authorised(), "user/update", login=login, rights=rights)

    [result] = trade(mt5, {"op": "open", "login": login, "symbol": "EURUSD", "lots": "0.10"})

    assert result["retcode"] == retcode


def test_a_position_needs_its_margin(mt5):
    login = open_account(mt5, money="100", leverage="100")

    [result] = trade(mt5, {"op": "open", "login": login, "symbol": "EURUSD", "lots": "1"})

    assert result["retcode"] == "10019 Not enough money"


def test_pages_hold_a_hundred_deals_and_miss_none(mt5):
    login = open_account(mt5, money="0")
    trade(mt5, *[{"op": "balance", "login": login, "amount": str(i + 1)} for i in range(230)])
    client = mt5.authorised()
    total = int(answer(client, "deal/get_total", login=login)["Total"])

    pages = [
        answer(client, "deal/get_page", login=login, offset=offset, total=1000)
        for offset in range(0, total, 100)
    ]

    assert [len(page) for page in pages] == [100, 100, 30]
    assert len({deal["Deal"] for page in pages for deal in page}) == total == 230


@pytest.mark.parametrize("path", ["deal/get_page", "position/get_page"])
@pytest.mark.parametrize("wish", [{"total": -1}, {"offset": -1}])
def test_a_page_below_nothing_is_none(mt5, path, wish):
    login = open_account(mt5, money="0")

    assert ask(mt5.authorised(), path, login=login, **wish)["retcode"] == "3 Invalid parameters"


def test_a_window_is_on_the_server_s_clock_with_both_ends_in_it(mt5):
    login = open_account(mt5, money="0")
    # 20:59:59 and 21:00:00 UTC on a summer day: the server's midnight lies between.
    for at in ("2026-07-06T20:59:59Z", "2026-07-06T21:00:00Z"):
        trade(mt5, {"op": "balance", "login": login, "amount": "1", "at": at})
    client = mt5.authorised()
    midnight = 1_783_382_400  # 2026-07-07T00:00:00, as if it were an epoch

    before = answer(client, "deal/get_page", login=login, **{"from": 0, "to": midnight - 1})
    after = answer(client, "deal/get_page", login=login, **{"from": midnight, "to": midnight})

    assert [deal["Time"] for deal in before] == [str(midnight - 1)]
    assert [deal["Time"] for deal in after] == [str(midnight)]
    assert after[0]["TimeMsc"] == f"{midnight}000"


def test_a_batch_takes_exactly_one_selector(mt5):
    client = mt5.authorised()
    login = open_account(mt5)

    assert ask(client, "deal/get_batch")["retcode"].startswith("3 ")
    assert ask(client, "deal/get_batch", login=login, group="*")["retcode"].startswith("3 ")
    assert len(answer(client, "deal/get_batch", login=login)) == 1


@pytest.mark.parametrize(("side", "action"), [("buy", "13"), ("sell", "14")])
def test_a_cancelled_deal_keeps_its_ticket_and_loses_its_money(mt5, side, action):
    login = open_account(mt5, "real\\raw-USD")
    opened = {"op": "open", "login": login, "symbol": "EURUSD", "lots": "1", "side": side}
    [result] = trade(mt5, opened)
    client = mt5.authorised()
    before = answer(client, "user/get", login=login)["Balance"]

    body = {"Deal": str(result["deal"]), "Action": action}
    changed = client.post("/api/deal/update", json=body).json()["answer"]

    assert (changed["Deal"], changed["Action"]) == (str(result["deal"]), action)
    assert [changed[name] for name in MONEY] == ["0.00"] * 4
    assert changed["ModifyFlags"] == "32"
    assert len(deals_of(client, login)) == 2
    assert (before, answer(client, "user/get", login=login)["Balance"]) == ("9996.50", "10000.00")
    assert answer(client, "position/get_total", login=login)["Total"] == "0"


def test_only_a_trade_can_be_cancelled(mt5):
    login = open_account(mt5)
    client = mt5.authorised()
    [deposit] = deals_of(client, login)

    refused = client.post("/api/deal/update", json={"Deal": deposit["Deal"], "Action": "13"})

    assert refused.json()["retcode"] == "3 Invalid parameters"


def test_a_deleted_deal_leaves_and_comes_back_with_its_money(mt5):
    login = open_account(mt5)
    client = mt5.authorised()
    [deposit] = deals_of(client, login)

    ask(client, "deal/delete", ticket=deposit["Deal"])
    without = (deals_of(client, login), answer(client, "user/get", login=login)["Balance"])
    ask(client, "deal/backup/restore", ticket=deposit["Deal"])

    assert without == ([], "0.00")
    assert deals_of(client, login) == [deposit]
    assert answer(client, "user/get", login=login)["Balance"] == "10000.00"


def test_the_platform_s_own_check_finds_balance_and_history_agree(mt5):
    login = open_account(mt5, "real\\raw-EUR")
    for i in range(20):
        step = {"login": login, "symbol": "XAUUSD", "lots": "0.05", "ref": "p"}
        at = f"2026-03-{i + 1:02}T10:00:00Z"
        trade(mt5, {"op": "open", "at": at} | step, {"op": "close", "ref": "p"})

    checked = answer(mt5.authorised(), "user/check_balance", login=login)

    assert checked["Balance"]["User"] == checked["Balance"]["History"] != "10000.00"


def test_one_refused_step_of_many_stops_no_other(mt5):
    login = open_account(mt5)

    results = trade(
        mt5,
        {"op": "open", "login": login, "symbol": "NOSUCH", "lots": "0.10", "ref": "p"},
        {"op": "close", "ref": "p"},
        {"op": "balance", "login": login, "amount": "5"},
    )

    assert [result["retcode"].split(" ")[0] for result in results] == ["3", "3", "0"]


def test_a_thousand_trades_go_in_one_call(mt5):
    account = {"op": "account", "ref": "a", "fields": {"Group": "real\\bulk-USD"}}
    steps = [account, {"op": "balance", "account": "a", "amount": "50000"}]
    for i in range(1000):
        opened = {"op": "open", "account": "a", "symbol": "EURUSD", "lots": "0.01"}
        steps.append(opened | {"ref": f"p{i}", "at": str(1_780_000_000 + i * 60)})
        steps.append({"op": "close", "ref": f"p{i}", "at": str(1_780_000_000 + i * 60 + 30)})

    results = trade(mt5, *steps)

    assert {result["retcode"] for result in results} == {"0 Done"}
    client = mt5.authorised()
    assert answer(client, "deal/get_total", login=results[0]["login"])["Total"] == "2001"


def test_a_person_trades_on_the_page_and_is_thrown_out_when_blocked(mt5):
    login = open_account(mt5, PassMain="Passw0rd!")
    browser = httpx.Client(
        base_url=mt5.url, headers={"Accept": "text/html"}, follow_redirects=True, timeout=10
    )
    with browser:
        wrong = browser.post("/terminal/login", data={"login": login, "password": "no"})
        browser.post("/terminal/login", data={"login": login, "password": "Passw0rd!"})
        order = {"symbol": "EURUSD", "lots": "0.10", "side": "buy"}
        opened = browser.post("/terminal/open", data=order)
        [position] = answer(mt5.authorised(), "position/get_batch", login=login)
        closed = browser.post(f"/terminal/close/{position['Position']}")
        browser.post(f"/terminal/dealer/{login}/enabled")
        out = browser.post("/terminal/open", data=order)

    assert "3006 Invalid password" in wrong.text
    assert position["Position"] in opened.text
    assert "Nothing is open" in closed.text
    assert "1002 Account disabled" in out.text
    assert "Sign in" in out.text
