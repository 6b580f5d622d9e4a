"""What readers see of a published lake: every number is one definition, open to its rows, masked."""

from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from urllib.parse import quote_plus

import duckdb
import polars as pl
import psutil
import pytest
from playwright.sync_api import expect
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from dashboards import tables
from dashboards.figures import Figure
from dashboards.queries import books, clients, partners, payments, trades
from lake import arrivals, lineage, metrics
from lake.metrics import BY_NAME, METRICS
from lake.publication import CheckResult
from lake.rows import MASK, ROWS, Origin
from operational.access import service
from operational.access.matrix import MATRIX, Permission, Role
from operational.kit import db
from operational.kit.clock import utc_now
from tests.api.opened import HUB, PASSWORD, free_ports
from tests.dashboards.screens import PATHS
from tests.dashboards.shop import LONG_NAME, MAILBOX, PARTNER_CODE

READERS = [role for role in Role if Permission.KPIS_READ in MATRIX[role]]
EVERYBODY = frozenset(permission.value for permission in Permission)
FIGURES = [
    *(
        value
        for module in (books, clients, payments, trades, partners)
        for value in vars(module).values()
        if isinstance(value, Figure)
    ),
    partners.earned(EVERYBODY),
]

IN_THE_DAILY_MART = {
    "registrations": "registration_count",
    "verified": "verified_count",
    "first_deposits": "first_deposit_count",
    "deposits": "deposit_usd_minor * 0.01::decimal(2, 2)",
    "taken_back": "taken_back_usd_minor * 0.01::decimal(2, 2)",
    "active_traders": "active_client_count",
    "trades": "trade_count",
    "lots": "closed_lots",
    "book_result": "-client_pnl_usd_minor * 0.01::decimal(2, 2)",
    "partner_commission": "partner_commission_usd",
}
"""By metric: what the daily mart calls it."""

ADDS_UP = {
    "deposits": "amount_usd",
    "taken_back": "amount_usd",
    "lots": "closed_lots",
    "partner_commission": "commission_usd",
}
"""By metric: the column of its rows that makes it; other sums count rows."""


def each_metric(function):
    return pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)(function)


@each_metric
def test_the_days_of_a_number_add_up_to_it(ask, metric):
    total = ask(metric.total_sql)["value"][0]
    days = ask(metric.daily_sql)

    assert days.height > 0
    if metric.is_additive:
        assert total == sum(days["value"].to_list())
    else:
        assert total >= 0


@pytest.mark.parametrize(("name", "column"), IN_THE_DAILY_MART.items())
def test_each_day_of_a_number_is_the_daily_marts(ask, name, column):
    days = ask(BY_NAME[name].daily_sql)
    mart = ask(
        f"select kpi_date as day, {column} as value from lake.marts.fct_daily_kpis"
        " where kpi_date between $since and $until and value <> 0 order by day",
    )

    assert {day: value for day, value in days.iter_rows() if value} == dict(mart.iter_rows())


def test_a_board_of_numbers_says_what_each_says_by_itself(ask):
    board = dict(ask(metrics.board_sql(METRICS)).iter_rows())
    days = ask(metrics.days_sql(METRICS))

    for metric in METRICS:
        assert board[metric.name] == ask(metric.total_sql)["value"][0]
        alone = ask(metric.daily_sql)
        together = days.filter(pl.col("name") == metric.name).sort("day")
        assert together["value"].to_list() == alone["value"].to_list()


@each_metric
def test_the_rows_behind_a_number_are_all_of_its_rows(ask, metric):
    rows = ask(metric.origin.rows_sql(EVERYBODY), most=1_000)
    total = ask(metric.total_sql)["value"][0]

    assert rows.height == ask(metric.origin.count_sql)["row_count"][0] > 0
    if metric.name in ADDS_UP:
        # A row without a rate is in no sum; that one payment is in shillings.
        assert total == sum(rows[ADDS_UP[metric.name]].drop_nulls().to_list())
    elif metric.name == "book_result":
        assert total == -sum(rows["client_result_usd"].to_list())
    elif metric.is_additive:
        assert total == rows.height


def test_numbers_of_a_time_when_nothing_happened_are_nothing(ask, filled):
    never = dict.fromkeys(("since", "until"), filled.period["since"])
    board = dict(ask(metrics.board_sql(METRICS), **never).iter_rows())

    assert {metric.name for metric in METRICS if board[metric.name] is None} == {
        metric.name for metric in METRICS if metric.unit == "percent"
    }
    assert {value for value in board.values() if value is not None} == {Decimal(0)}


def test_no_answer_has_a_rounded_number_in_it(ask):
    asked = [figure.sql for figure in FIGURES] + [arrivals.BY_SOURCE, payments.WITHOUT_RATE]
    asked += [metrics.board_sql(METRICS), metrics.days_sql(METRICS)]
    asked += [sql for metric in METRICS for sql in (metric.total_sql, metric.daily_sql)]
    asked += [
        f"from lake.marts.{mart}" for mart in (*ROWS, "fct_daily_kpis", "fct_ledger_balances")
    ]

    for sql in asked:
        answer = ask(sql)
        assert not any(kind.is_float() for kind in answer.dtypes), sql


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.title)
def test_the_rows_behind_a_block_are_all_of_its_rows(ask, figure):
    rows = ask(figure.origin.rows_sql(EVERYBODY), most=1_000)
    answer = ask(figure.sql)

    assert rows.height == ask(figure.origin.count_sql)["row_count"][0] > 0
    counts = {"clients", "deals", "attempts", "payments", "accounts"} & set(answer.columns)
    # The steps of the funnel are parts of each other, and the first holds all.
    counted = answer.head(1) if "step" in answer.columns else answer
    for name in counts:
        assert counted[name].sum() == rows.height


@pytest.mark.parametrize("role", READERS)
def test_a_reference_is_seen_by_those_who_may_see_whom_it_names(ask, role):
    held = frozenset(permission.value for permission in MATRIX[role])

    for mart, rows in ROWS.items():
        answer = ask(Origin(mart).rows_sql(held), most=1_000)
        for column in rows.columns:
            seen = set(answer[column.name].to_list())
            is_masked = seen == {MASK.strip("'")}
            assert is_masked == (column.permission is not None and column.permission not in held)


def test_an_account_is_shown_without_the_id_of_whose_it_is():
    codes = ["psp:adyen:EUR", "wallet:01a211cd-465d-7561-b850-fd176acf7dc4:EUR"]
    mart = pl.DataFrame({"account_code": codes})
    (account,) = [
        column for column in ROWS["fct_ledger_balances"].columns if column.name == "account"
    ]
    shown = duckdb.sql(f"select {account.sql} as account from mart order by account").pl()

    assert shown["account"].to_list() == ["psp:adyen:EUR", "wallet:…:EUR"]
    assert mart.height == shown.height


def test_masks_ask_for_permissions_that_exist():
    asked = {column.permission for rows in ROWS.values() for column in rows.columns}

    assert asked - {None} <= EVERYBODY


@each_metric
def test_the_lineage_of_a_number_leads_back_to_what_arrived(filled, metric):
    steps = lineage.of(filled.settings, metric.mart)

    assert steps[0].name == metric.mart
    assert steps[0].description.startswith("One row per")
    assert {step.name for step in steps if not step.made_of} == {
        step.name for step in steps if step.layer in {"raw", "seeds"}
    }


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_drawn_and_shows_no_name_or_address(filled, look, path):
    filled.show(filled.filled)
    screen = look(Role.MANAGEMENT, path)

    assert screen.problems == []
    assert "As of" in screen.said
    assert LONG_NAME not in screen.everything
    assert MAILBOX not in screen.everything


@pytest.mark.parametrize("path", PATHS)
def test_every_page_says_plainly_that_there_is_nothing_yet(filled, look, path):
    filled.show(filled.empty)
    screen = look(Role.MANAGEMENT, path)

    assert screen.problems == []
    assert "As of" in screen.said
    if path == "kpis":
        assert screen.numbers["Deposits"] == "$0.00"
        assert screen.numbers["Deposit success"] == "—"


def test_a_hub_that_never_published_says_so(filled, look, database, elsewhere):
    other = filled.database.url(db.READER).set(database=database.admin_url.database)
    with elsewhere(reader_url=other.render_as_string(hide_password=False)):
        screen = look(Role.MANAGEMENT)

    assert screen.problems == []
    assert "No numbers yet" in screen.said


def test_tiles_say_what_happened(filled, look):
    filled.show(filled.filled)
    numbers = look(Role.ANALYST, "kpis").numbers

    assert numbers["Registrations"] == "4"
    assert numbers["Verified by rule"] == "50.0 %"
    assert numbers["Deposit success"] == "83.3 %"
    assert numbers["Taken back"] == "$250.00"
    assert numbers["Result of the book"] == "$1,245"
    assert set(numbers) == {metric.title for metric in METRICS}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_number_opens_to_definition_days_rows_and_sql(filled, look, metric):
    filled.show(filled.filled)
    screen = look(Role.MANAGEMENT, "number", of=metric.title)

    assert screen.problems == []
    assert set(screen.numbers) == {metric.title}
    assert metric.sentence in screen.said
    assert f"snapshot {filled.filled.snapshot}" in screen.said
    assert [code for code in screen.code if metric.total_sql in code]
    assert metric.origin.rows_sql(frozenset(MATRIX[Role.MANAGEMENT])) in screen.code
    days, rows, steps = screen.tables
    assert days.columns[0] == "day"
    assert len(rows) > 0
    assert metric.mart in set(steps["name"])


def test_the_dashboards_are_given_the_key_that_reads_and_no_other(filled, hub, dashboards_url):
    dashboards = psutil.Process(hub.children["dashboards"].process.pid)
    files = [path for path in (hub.settings.root / "dashboards").rglob("*") if path.is_file()]
    given = [*dashboards.environ().values(), *(path.read_text() for path in files)]

    found = {
        role
        for role, password in db.passwords(filled.settings).items()
        if any(password in text for text in given)
    }
    assert found == {db.READER}
    assert "KINGPOST_DATABASE_URL" not in dashboards.environ()


@pytest.mark.parametrize(
    "statement",
    [
        "insert into lake.publication (snapshot) values (1)",
        "update lake.publication set is_published = true",
        "delete from lake.publication",
        "truncate lake.ducklake_snapshot",
        "update lake.ducklake_data_file set path = 'mine'",
        "drop table lake.publication",
        "create table lake.mine ()",
        "create table public.mine ()",
        "select * from clients.client",
        "select * from ledger.entry",
        "select * from dagster.runs",
    ],
)
def test_who_reads_the_lake_can_change_nothing_and_sees_nothing_else(filled, statement):
    with (
        filled.database.engine(db.READER).connect() as connection,
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
    ):
        connection.execute(text(statement))


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.title)
def test_a_block_opens_to_definition_rows_sql_and_lineage(filled, look, figure):
    filled.show(filled.filled)
    screen = look(Role.MANAGEMENT, "number", of=figure.title)

    assert screen.problems == []
    assert figure.sentence in screen.said
    assert f"snapshot {filled.filled.snapshot}" in screen.said
    assert [code for code in screen.code if figure.sql.strip() in code]
    answer, rows, steps = screen.tables
    assert len(answer) > 0
    assert len(rows) > 0
    assert figure.origin.mart in set(steps["name"])


def test_every_block_of_a_page_says_where_it_comes_from(filled, look):
    filled.show(filled.filled)
    opened = {link.query_string for path in PATHS for link in look(Role.MANAGEMENT, path).links}

    titles = [metric.title for metric in METRICS] + [figure.title for figure in FIGURES]
    for title in titles:
        assert [query for query in opened if f"of={quote_plus(title)}" in query], title


def test_a_block_of_a_closed_page_is_closed_too(filled, look):
    filled.show(filled.filled)
    screen = look(Role.SALES, "number", of=books.TRIAL_BALANCE.title)

    assert set(screen.numbers) == {METRICS[0].title}
    assert books.TRIAL_BALANCE.sentence not in screen.said


def test_a_reference_leads_to_its_staff_screen_for_those_who_may_go_there(filled, hub, look):
    filled.show(filled.filled)

    def payments_seen(role: Role) -> set[str]:
        _, rows, _ = look(role, "number", of="Deposits").tables
        return set(rows["payment_reference"])

    for seen in payments_seen(Role.FINANCE):
        screen, _, reference = seen.partition("#")
        assert screen == f"{hub.settings.api_url}/staff/payments/{reference}"
    assert payments_seen(Role.ANALYST) == {"•••"}


def test_all_rows_are_in_the_file_exact_and_without_formulas(ask):
    rows = ask(BY_NAME["deposits"].origin.rows_sql(EVERYBODY), most=1_000)
    rows = rows.with_columns(pl.lit("=HYPERLINK(1)").alias("status"))
    read = pl.read_csv(BytesIO(tables.csv(rows)), infer_schema=False)

    assert read.height == rows.height
    assert {"123.45000000", "15000.00000000"} <= set(read["amount"])
    assert set(read["status"]) == {"'=HYPERLINK(1)"}
    assert not [name for name in read.columns if name.endswith("_page")]


def test_an_amount_is_written_with_its_currency_and_sorted_by_its_size():
    frame = pl.DataFrame({"amount_minor": [15_000, 777, -5], "currency": ["JPY", "KES", "BTC"]})
    shown = tables.styled(frame)

    written = shown.to_html()
    assert all(text in written for text in ("15,000 JPY", "7.77 KES", "-0.00000005 BTC"))
    assert list(shown.data["amount_minor"].sort_values()) == [
        Decimal("-0.00000005"),
        Decimal("7.77"),
        Decimal(15_000),
    ]


def test_two_readers_never_share_a_masked_row(filled, look):
    filled.show(filled.filled)

    def clients_seen(role: Role) -> set[str]:
        _, rows, _ = look(role, "number", of="Registrations").tables
        return {reference.rpartition("#")[2] for reference in rows["client_reference"]}

    everybody = {"C-RULE", "C-PERSON", "C-WAITS", "C-LEAD"}
    assert clients_seen(Role.MANAGEMENT) == everybody
    assert clients_seen(Role.ANALYST) == {"•••"}
    assert clients_seen(Role.SALES) == everybody


def test_partners_are_numbered_for_those_who_may_not_see_them(filled, look):
    filled.show(filled.filled)

    assert PARTNER_CODE in look(Role.FINANCE, "partners").everything
    hidden = look(Role.COMPLIANCE, "partners").everything
    assert PARTNER_CODE not in hidden
    assert "Partner 1" in hidden


def test_an_amount_without_a_rate_is_pointed_out(filled, look):
    filled.show(filled.filled)
    screen = look(Role.FINANCE, "payments")

    assert "1 credited payments have no rate" in screen.said
    (credited,) = [table for table in screen.tables if next(iter(table)) == "amount_minor"]
    assert {Decimal("7.77"), Decimal(15_000)} <= set(credited["amount_minor"])


@pytest.mark.parametrize(
    ("role", "path", "title"),
    [
        (Role.FINANCE, "books", "Books"),
        (Role.FINANCE, "onboarding", "Onboarding"),
        (Role.COMPLIANCE, "onboarding", "Onboarding"),
        (Role.COMPLIANCE, "books", "Key figures"),
        (Role.SALES, "books", "Key figures"),
        (Role.SALES, "onboarding", "Key figures"),
        (Role.ANALYST, "books", "Books"),
    ],
)
def test_a_page_opens_to_the_roles_it_is_for(filled, look, role, path, title):
    filled.show(filled.filled)

    assert look(role, path).title == title


def test_a_role_without_figures_sees_nothing(filled, look):
    filled.show(filled.filled)
    screen = look(Role.SUPPORT)

    assert screen.title == "Nothing to see here"
    assert screen.numbers == {}
    assert screen.tables == []


def test_a_session_that_ended_shows_nothing(filled, look, door):
    filled.show(filled.filled)
    user, token = door.someone(Role.MANAGEMENT)
    assert look(token).numbers

    with db.transaction(door.database.engine()) as session:
        service.disable(session, user.id, reason="left us today", actor=HUB, now=utc_now())
    screen = look(token)

    assert "Your session has ended" in screen.said
    assert screen.numbers == {}


def test_while_the_api_is_silent_nobody_is_let_in(filled, look, elsewhere):
    filled.show(filled.filled)
    with elsewhere(api_port=free_ports(1)[0]):
        screen = look(Role.MANAGEMENT)

    assert "The API does not answer" in screen.said
    assert screen.numbers == {}


def test_a_refresh_that_was_held_back_is_said_on_every_page(filled, look):
    filled.show(filled.filled)
    passed = CheckResult("unique_dim_clients_client_id", passed=True)
    failed = CheckResult(
        "assert_the_trial_balance_is_zero", passed=False, detail="EUR differs by 7"
    )
    for _ in range(2):
        filled.hold_back(failed, passed)

    for path in PATHS:
        screen = look(Role.MANAGEMENT, path)
        assert screen.problems == []
        assert "the trial balance is zero" in screen.said
        assert "last numbers that passed" in screen.said
    told = look(Role.MANAGEMENT, "freshness")
    assert "2 in a row" in told.said
    assert f"snapshot {filled.filled.snapshot}" in told.said
    assert "EUR differs by 7" in told.everything
    assert told.numbers["Checks passed"] == "1 of 2"

    filled.show(filled.filled)
    assert "held back" not in look(Role.MANAGEMENT, "kpis").said


def test_dates_are_chosen_by_the_address_too(filled, look):
    filled.show(filled.filled)
    day = filled.filled.as_of.date() - timedelta(days=9)
    alone = look(Role.MANAGEMENT, period="Dates", dates=[str(day), str(day)])

    assert alone.problems == []
    assert alone.numbers["Registrations"] == "1"
    assert look(Role.MANAGEMENT, period="Nonsense").numbers["Registrations"] == "4"


def sign_in(page, door, address, role):
    """Sign somebody of that role in; who it is."""
    user, _ = door.someone(role)
    page.goto(address)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("E-mail").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("One-time code").fill(door.code(door.secret_of(user)))
    page.get_by_role("button", name="Sign in").click()
    return user


def test_somebody_signs_in_opens_a_number_and_is_shut_out(filled, door, dashboards_url, page):
    filled.show(filled.filled)
    user = sign_in(page, door, dashboards_url, Role.MANAGEMENT)

    expect(page.get_by_text("As of")).to_be_visible()
    expect(page.get_by_test_id("stMetric").filter(has_text="Result of the book")).to_contain_text(
        "$1,245"
    )
    page.get_by_test_id("stPageLink").last.click()
    expect(page.get_by_text("What clients lost on closed trades")).to_be_visible()
    page.get_by_role("tab", name="Rows").click()
    # The table is a picture; what it shows stands beside it for those who cannot see.
    expect(page.locator("[role=gridcell]", has_text="C-PERSON").first).to_be_attached()

    with db.transaction(door.database.engine()) as session:
        service.disable(session, user.id, reason="left us today", actor=HUB, now=utc_now())
    # Nobody touches the page: it asks by itself.
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    expect(page.get_by_test_id("stMetric")).to_have_count(0)


def test_somebody_without_figures_is_not_let_in(door, dashboards_url, page):
    sign_in(page, door, dashboards_url, Role.SUPPORT)

    expect(page.get_by_text("This needs the permission kpis.read")).to_be_visible()
