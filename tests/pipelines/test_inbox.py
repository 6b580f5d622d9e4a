"""What becomes of a file that is dropped into the inbox."""

import itertools
from datetime import UTC, datetime

import pytest

from lake import connection
from pipelines import inbox, landing
from pipelines.bank import receive
from pipelines.bank.checks import EXPECTATIONS
from pipelines.reference import receive as lists
from tests.pipelines.lists import a_un_list

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def settings(module_database):
    return module_database.settings


@pytest.fixture(scope="module")
def lake(settings):
    with connection.write(settings) as found:
        landing.prepare(found)
        yield found


@pytest.fixture
def account():
    """An account of the test's own, for all tests land in one lake."""
    return f"12030000/{next(NUMBERS)}"


@pytest.fixture
def statement(account):
    """A statement with one entry and what its sender writes about it."""

    def written(remittance, amount="885,25", encoding="utf-8"):
        return (
            f":20:START\n:25:{account}\n:28C:7/1\n:60F:C260301EUR1815,15\n"
            f":61:2603020302C{amount}NTRFNONREF//R1\n:86:{remittance}\n:62F:C260302EUR2700,40\n-\n"
        ).encode(encoding)

    return written


@pytest.fixture
def drop(settings):
    def dropped(sender, name, content):
        return inbox.drop(settings, "bank", sender, name, content)

    return dropped


@pytest.fixture
def take(settings, lake):
    def taken(read=receive.read):
        arrivals = inbox.waiting(inbox.folder(settings, "bank"))
        return inbox.receive(lake, arrivals, read, expectations=EXPECTATIONS, now=NOW)

    return taken


@pytest.fixture
def remittances(lake, account):
    def found():
        rows = lake.execute(
            "select remittance[1] from lake.raw.bank__entry_details "
            "join lake.raw.bank__statements using (file_name, statement_no) "
            "where account = ? order by 1",
            [account],
        )
        return [text for (text,) in rows.fetchall()]

    return found


def test_a_good_file_lands_once_and_a_bad_one_leaves_nothing_behind(
    drop, take, statement, remittances
):
    good = drop("alpha", "monday.sta", statement("Rent"))
    bad = drop("beta", "monday.sta", statement("Rent", amount="885,26"))

    receipt = take()

    assert receipt.landed == {"alpha/monday.sta": 5}
    assert list(receipt.refused) == ["beta/monday.sta"]
    assert remittances() == ["Rent"]
    (kept,) = (good.parent / "landed").iterdir()
    assert kept.read_bytes() == statement("Rent")
    (reason,) = (bad.parent / "refused").glob("*-monday.sta.reason.txt")
    assert "does not foot" in reason.read_text()
    assert not good.exists()
    assert not bad.exists()


def test_the_same_content_again_is_a_no_op_under_any_name_and_from_any_folder(
    drop, take, statement, remittances
):
    drop("alpha", "monday.sta", statement("Rent"))
    take()

    drop("alpha", "monday.sta", statement("Rent"))
    drop("alpha", "copy of monday.sta", statement("Rent"))
    drop("beta", "monday.sta", statement("Rent"))

    assert take().landed == {
        "alpha/copy of monday.sta": 0, "alpha/monday.sta": 0, "beta/monday.sta": 0,
    }  # fmt: skip
    assert remittances() == ["Rent"]


def test_the_same_statement_with_other_content_is_refused(drop, take, statement, remittances):
    drop("alpha", "monday.sta", statement("Rent"))
    take()

    drop("alpha", "monday again.sta", statement("Gift"))

    assert "came before with other content" in take().refused["alpha/monday again.sta"]
    assert remittances() == ["Rent"]


def test_a_statement_number_is_its_banks_own(drop, take, statement, remittances):
    drop("alpha", "monday.sta", statement("Rent"))
    drop("beta", "monday.sta", statement("Gift"))

    assert take().refused == {}
    assert remittances() == ["Gift", "Rent"]


def test_the_senders_contract_says_the_encoding(drop, take, statement, remittances):
    drop("gamma", "contract.toml", b'encoding = "cp1252"\n')
    drop("gamma", "monday.sta", statement("Überweisung", encoding="cp1252"))
    drop("beta", "monday.sta", statement("Überweisung", encoding="cp1252"))

    assert take().refused == {"beta/monday.sta": "row 6: not utf-8: byte 0xdc"}
    assert remittances() == ["Überweisung"]


def test_a_contract_that_cannot_be_read_is_said_and_nothing_is_guessed(drop, take, statement):
    drop("epsilon", "contract.toml", b'encodng = "cp1252"\n')
    drop("epsilon", "monday.sta", statement("Rent"))
    drop("zeta", "contract.toml", b'encoding = "cp9999"\n')
    drop("zeta", "monday.sta", statement("Rent"))

    refused = take().refused

    assert refused["epsilon/monday.sta"].startswith("contract.toml: ")
    assert refused["zeta/monday.sta"] == "nobody knows the agreed encoding 'cp9999'"


def test_a_file_still_being_written_is_left_alone(settings, take):
    half = inbox.folder(settings, "bank") / "delta" / ".monday.sta"
    half.parent.mkdir()
    half.write_bytes(b":20:ST")

    assert take() == inbox.Receipt()
    assert half.exists()


def test_a_file_no_bank_sends_is_refused(drop, take):
    drop("alpha", "photo.jpg", b"\xff\xd8")

    assert take().refused == {"alpha/photo.jpg": "banks send no .jpg"}


@pytest.mark.parametrize("stumble", [ZeroDivisionError("/0"), KeyError("Profit"), RecursionError()])
def test_a_file_its_parser_stumbles_over_is_refused_and_the_next_one_lands(
    drop, take, statement, remittances, stumble
):
    def read(arrival):
        if "poisoned" in arrival.name:
            raise stumble
        return receive.read(arrival)

    drop("alpha", "a poisoned one.sta", b"x")
    drop("alpha", "monday.sta", statement("Rent"))

    receipt = take(read)

    reason = receipt.refused["alpha/a poisoned one.sta"]
    assert reason.startswith(f"cannot be read: {type(stumble).__name__}")
    assert remittances() == ["Rent"]


def test_a_list_dropped_into_a_second_folder_replaces_the_first(settings, lake):
    for sender in ("un", "compliance"):
        inbox.drop(settings, "lists", sender, "consolidated.xml", a_un_list())
        assert lists.receive_lists(settings, lake, now=NOW).refused == {}
    inbox.drop(settings, "lists", "compliance", "consolidated.xml", a_un_list(data_id="2"))
    assert lists.receive_lists(settings, lake, now=NOW).refused == {}

    held = lake.execute("select data_id from lake.raw.reference__un_entries").fetchall()
    assert held == [(2,)]


def test_an_ofac_list_waits_until_its_three_files_are_there(settings):
    def arrivals():
        folder = inbox.folder(settings, "lists")
        return [
            [file.name for file in each.files] for each in inbox.waiting(folder, lists.group_lists)
        ]

    for name in ("SDN.CSV", "ALT.CSV"):
        inbox.drop(settings, "lists", "ofac", name, b"x")
    assert arrivals() == []

    inbox.drop(settings, "lists", "ofac", "ADD.CSV", b"x")
    inbox.drop(settings, "lists", "un", "consolidated.xml", b"x")
    assert arrivals() == [["SDN.CSV", "ALT.CSV", "ADD.CSV"], ["consolidated.xml"]]
