"""Whatever is changed after the fact, marts brought up to date equal marts built whole."""

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from decimal import Decimal

import duckdb
import pytest
from psycopg.types.json import Jsonb

from lake import connection
from pipelines import landing, sources
from pipelines.dbt_models import project
from pipelines.reference import receive
from pipelines.refresh import refresh
from tests.pipelines import passes
from tests.pipelines.broker import NOW, Broker, Server, a_trade
from tests.times import TIMES

SEED = 20260303
TURNS = 3 * TIMES
EDITS = 4
"""Each turn. Fewer would leave one edit no chance to hide another."""
POSITIONS = 12
UNPOSTED = {"fct_expectations", "fct_ledger_balances"}
"""Rows are written here as the domain would have left them, but for the books."""
DAYS = [date(2026, 2, 20) + timedelta(days=number) for number in range(8)]


class Scene:
    """A broker, its platform, and a hand that corrects what was already counted."""

    def __init__(self, broker: Broker, seed: int) -> None:
        self.broker = broker
        self.dice = random.Random(seed)
        self.server = Server()
        self.gone: dict[str, dict[str, str]] = {}
        self.partners = [broker.partner() for _ in range(3)]
        self.clients = [broker.client() for _ in range(4)]
        self.accounts = [
            broker.account(client, 1001 + number, currency=["USD", "EUR", "JPY", "USD"][number])
            for number, client in enumerate(self.clients)
        ]
        self.payments = [broker.deposit(client, 1000, currency="EUR") for client in self.clients]
        self.attributions = [
            broker.attribution(client, self.partners[number % 3])
            for number, client in enumerate(self.clients[:3])
        ]
        self.since = [NOW - timedelta(90)] * len(self.attributions)
        self.plans = 0
        self.publish_a_plan()
        for position in range(POSITIONS):
            self.server.add(*self.a_position(position))

    def a_position(self, position: int) -> list[dict[str, str]]:
        """Opened at once, closed in up to three steps, on one of the days."""
        opening, closing_ = a_trade(position, Login=str(1001 + position % 4), Symbol="EURUSD")
        start = int(datetime.combine(DAYS[position % 8], datetime.min.time()).timestamp())
        steps = 1 + position % 3
        opening |= {"Time": str(start + 36_000), "VolumeClosedExt": "0", "Entry": "0"}
        return [
            opening,
            *(
                closing_
                | {
                    "Deal": str(int(closing_["Deal"]) + step),
                    "Time": str(start + 36_000 + 40_000 * (step + 1)),
                    "VolumeClosedExt": str(100_000_000 // steps),
                }
                for step in range(steps)
            ),
        ]

    def a_deal(self) -> dict[str, str]:
        return self.dice.choice(list(self.server.records.values()))

    def change_entry(self) -> None:
        self.a_deal()["Entry"] = self.dice.choice("0123")

    def change_position(self) -> None:
        self.a_deal()["PositionID"] = str(self.dice.randrange(POSITIONS))

    def change_action(self) -> None:
        self.a_deal()["Action"] = self.dice.choice(["0", "1", "2", "13", "14"])

    def change_volume(self) -> None:
        self.a_deal()["VolumeClosedExt"] = str(self.dice.randrange(150_000_000))

    def change_costs(self) -> None:
        self.a_deal()["Commission"] = f"-{self.dice.randrange(900)}.{self.dice.randrange(10)}1"

    def change_owner_of_an_account(self) -> None:
        account = self.dice.choice(self.accounts)
        client = self.dice.choice(self.clients)
        self.broker.update("platforms.trading_account", account, client_id=client)

    def delete(self) -> None:
        if len(self.server.records) > POSITIONS:
            ticket = self.a_deal()["Deal"]
            self.gone[ticket] = self.server.records.pop(ticket)

    def restore(self) -> None:
        if self.gone:
            ticket = self.dice.choice(list(self.gone))
            self.server.records[ticket] = self.gone.pop(ticket)

    def publish_a_rate(self) -> None:
        """Late, or not the first time: then it is corrected."""
        day, currency = self.dice.choice(DAYS), self.dice.choice(["USD", "JPY"])
        rate = Decimal(self.dice.randrange(10_000, 1_700_000)) / 10_000
        with sources.opened(self.broker.settings) as lake, landing.transaction(lake):
            found = landing.Extract(landing.next_extract_id(lake), NOW, {"fx": 1})
            lake.execute(
                "delete from lake.raw.reference__fx_rates "
                "where rate_date = ? and quote_currency = ?",
                [day, currency],
            )
            lake.execute(
                "insert into lake.raw.reference__fx_rates values (?, 'EUR', ?, ?, 'test', ?)",
                [day, currency, rate, found.extract_id],
            )
            landing.record(lake, "file:test", found)

    def move_attribution(self) -> None:
        """From some moment of the time it holds for on, so that nobody has two partners at once."""
        number = self.dice.randrange(len(self.attributions))
        moment = self.since[number] + (NOW - self.since[number]) * self.dice.randrange(1, 9) / 9
        self.broker.update("partners.attribution", self.attributions[number], valid_to=moment)
        self.attributions[number] = self.broker.attribution(
            self.clients[number], self.dice.choice(self.partners), valid_from=moment
        )
        self.since[number] = moment

    def publish_a_plan(self) -> None:
        """From some day of the past on, with all the decimals a rate may have."""
        self.plans += 1
        currency = self.dice.choice(["EUR", "USD", "JPY"])
        per_lot = f"7.{self.dice.randrange(10**8):08}"
        rates = [{"id": "all", "symbol_group": "forex", "per_lot": per_lot, "currency": currency}]
        self.broker.plan(
            version=self.plans,
            rates=Jsonb(rates),
            duration_seconds_min=self.dice.choice([0, 0, 45_000]),
            valid_from=NOW - timedelta(days=90 if self.plans == 1 else self.dice.randrange(12)),
        )

    def take_back_a_payment(self) -> None:
        payment = self.dice.choice(self.payments)
        self.broker.update("payments.payment", payment, status="charged_back", ended_at=NOW)


EDIT: tuple[Callable[[Scene], None], ...] = (
    Scene.change_entry,
    Scene.change_position,
    Scene.change_action,
    Scene.change_volume,
    Scene.change_costs,
    Scene.change_owner_of_an_account,
    Scene.delete,
    Scene.restore,
    Scene.publish_a_rate,
    Scene.move_attribution,
    Scene.publish_a_plan,
    Scene.take_back_a_payment,
)


@pytest.fixture
def scene(database) -> Iterator[Scene]:
    project.release()
    with closing(Broker(database)) as broker:
        found = Scene(broker, SEED)
        with sources.opened(broker.settings) as lake:
            receive.receive_rates(lake, now=NOW)
            lake.execute("delete from lake.raw.reference__fx_rates where rate_date >= ?", DAYS[:1])
        yield found


def test_marts_brought_up_to_date_equal_marts_built_whole(scene):
    passes.one_pass(scene.broker.settings, scene.server)
    models = project.compiled(scene.broker.settings)

    for turn in range(TURNS):
        edits = scene.dice.choices(EDIT, k=EDITS)
        for edit in edits:
            edit(scene)
        passes.one_pass(scene.broker.settings, scene.server)

        told = f"turn {turn}: {[edit.__name__ for edit in edits]}"
        held, built = marts_held(scene), marts_built(scene, models)
        assert held == built, told
    assert {mart for mart, rows in held.items() if not rows} <= passes.SILENT | UNPOSTED


def test_a_pass_that_finds_nothing_new_still_follows_a_changed_day(scene):
    """The plan pays euros to accounts in dollars, so only the plan's currency is priced anew."""
    rates = [{"id": "all", "symbol_group": "forex", "per_lot": "7.50", "currency": "EUR"}]
    scene.broker.plan(version=9, rates=Jsonb(rates), valid_from=NOW - timedelta(days=80))
    passes.one_pass(scene.broker.settings, scene.server)
    models = project.compiled(scene.broker.settings)
    before = marts_held(scene)

    scene.publish_a_rate()
    assert refresh(scene.broker.settings).is_published

    assert marts_held(scene) == marts_built(scene, models)
    assert marts_held(scene) != before


Marts = dict[str, list[tuple[object, ...]]]


def marts_held(scene: Scene) -> Marts:
    """Every row of every mart, in one order."""
    with connection.write(scene.broker.settings) as lake:
        return _rows(lake, "lake")


def marts_built(scene: Scene, models: list[project.Compiled]) -> Marts:
    """What the models make of the raw rows in a plain DuckDB that knows of no pass before."""
    with connection.write(scene.broker.settings) as lake:
        lake.execute("attach ':memory:' as plain")
        for schema in {"raw", "seeds"} | {model.schema for model in models}:
            lake.execute(f"create schema plain.{schema}")
        arrived = lake.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where database_name = 'lake' and schema_name in ('raw', 'seeds')"
        ).fetchall()
        for (table,) in arrived:
            lake.execute(f"create table plain.{table} as from lake.{table}")
        for model in models:
            sql = model.sql.replace('"lake".', '"plain".')
            lake.execute(f"create table plain.{model.schema}.{model.name} as {sql}")
        return _rows(lake, "plain")


def _rows(lake: duckdb.DuckDBPyConnection, catalog: str) -> Marts:
    columns = lake.execute(
        "select table_name, string_agg(column_name order by column_name) from duckdb_columns() "
        "where database_name = ? and schema_name = 'marts' and column_name <> 'extract_id' "
        "group by all",
        [catalog],
    ).fetchall()
    return {
        table: lake.execute(f"select {names} from {catalog}.marts.{table} order by all").fetchall()
        for table, names in columns
    }
