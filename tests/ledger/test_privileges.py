"""M6: who may change which record, asked of the catalogue itself; and the guards behind the privileges."""

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

RECORDS = {
    "rules.decision",
    "rules.table_version",
    "review.evidence",
    "payments.payment_event",
    "partners.plan_version",
}

# Every right of everybody but the owner, on tables and on single columns.
RIGHTS = text("""
    select coalesce(grantee.rolname, 'public'), relation, coalesce(column_name, '*'), privilege_type
    from (
        select oid::regclass::text as relation, null as column_name, relowner, (aclexplode(relacl)).*
        from pg_class where relkind in ('r', 'p', 'v', 'm', 'f')
        union all
        select attrelid::regclass::text, attname, relowner, (aclexplode(attacl)).*
        from pg_attribute join pg_class on pg_class.oid = attrelid
    ) as granted
    left join pg_roles as grantee on grantee.oid = granted.grantee
    where granted.grantee <> granted.relowner
""")

GUARDS = text("""
    select tgrelid::regclass::text, tgtype, tgenabled = 'O' as is_enabled
    from pg_trigger
    join pg_proc on pg_proc.oid = tgfoid
    where proname = 'refuse_change'
""")
BEFORE, DELETE, UPDATE, TRUNCATE = 2, 8, 16, 32
"""Bits of `tgtype`."""


@pytest.fixture(scope="module")
def catalogue(module_database):
    """A connection that may see every grant; a login of ours sees only its own."""
    engine = create_engine(module_database.admin_url, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def rights(catalogue):
    """Who, table, column (`*` is all), right."""
    return {tuple(row) for row in catalogue.execute(RIGHTS)}


def test_nobody_may_more_on_the_ledger_than_read_it(rights):
    on_ledger = {right for right in rights if right[1].startswith("ledger.")}

    assert {right[0] for right in on_ledger} == {"kingpost_app", "kingpost_extract"}
    assert {right[3] for right in on_ledger} == {"SELECT"}


def test_the_audit_log_can_only_grow(rights):
    on_audit = {right for right in rights if right[1].startswith("audit.")}

    assert {right[3] for right in on_audit} == {"SELECT", "INSERT"}
    writers = {(who, table) for who, table, _, right in on_audit if right == "INSERT"}
    assert writers == {
        ("kingpost_app", "audit.event"),
        ("kingpost_app", "audit.personal"),
        ("kingpost_app", "audit.personal_key"),
        ("kingpost_sealer", "audit.sealed"),
        ("kingpost_sealer", "audit.checkpoint"),
    }


def test_what_was_decided_shown_or_told_is_never_rewritten(rights):
    changes = {
        (table, column)
        for _, table, column, right in rights
        if table in RECORDS and right not in {"SELECT", "INSERT"}
    }

    assert changes == {
        ("rules.table_version", "status"),
        ("rules.table_version", "published_by"),
        ("rules.table_version", "published_at"),
        ("partners.plan_version", "published_by"),
        ("partners.plan_version", "published_at"),
        ("payments.payment_event", "is_applied"),
    }


def test_nobody_may_empty_a_table_or_meddle_with_its_triggers(rights):
    ours = {right for right in rights if right[0] == "public" or right[0].startswith("kingpost")}
    kept = {right for right in ours if not right[1].startswith(("jobs.", "lake.", "dagster."))}

    assert {right[3] for right in kept} & {"TRUNCATE", "TRIGGER", "MAINTAIN"} == set()
    deleted = {table for _, table, _, right in kept if right == "DELETE"}
    assert deleted == {"access.rate_window"}


def test_the_public_is_given_nothing_of_ours(rights, catalogue):
    schemas = set(catalogue.scalars(text(
        "select nspname from pg_namespace, aclexplode(nspacl) where grantee = 0"
    )))  # fmt: skip
    functions = set(catalogue.scalars(text(
        "select proname from pg_proc join pg_namespace on pg_namespace.oid = pronamespace"
        " where nspname = 'ledger' and (proacl is null or exists"
        "   (select from aclexplode(proacl) where grantee = 0))"
    )))  # fmt: skip

    assert {table for who, table, *_ in rights if who == "public" and "." in table} <= {
        table for _, table, *_ in rights if table.startswith(("information_schema.", "pg_catalog."))
    }
    assert schemas <= {"pg_catalog", "information_schema", "public"}
    assert functions == set()


def test_the_sealer_has_no_business_in_the_ledger(catalogue):
    may = "select has_schema_privilege('kingpost_sealer', 'ledger', 'usage')"

    assert catalogue.scalar(text(may)) is False


@pytest.mark.parametrize(
    ("tables", "events"),
    [
        ({"currency", "account", "journal", "entry"}, UPDATE | DELETE | TRUNCATE),
        ({"balance"}, DELETE | TRUNCATE),
        ({"hold"}, UPDATE | DELETE | TRUNCATE),
    ],
)
def test_the_ledgers_guards_stand_and_are_enabled(catalogue, tables, events):
    guarded: dict[str, int] = {}
    for table, kind, is_enabled in catalogue.execute(GUARDS):
        if kind & BEFORE and is_enabled:
            guarded[table] = guarded.get(table, 0) | kind

    for table in tables:
        assert guarded.get(f"ledger.{table}", 0) & events == events


def test_the_books_are_balanced_by_two_deferred_guards(catalogue):
    found = catalogue.execute(text(
        "select tgname, tgenabled, tgdeferrable, tginitdeferred from pg_trigger"
        " where tgname in ('entry_balanced', 'journal_balanced') order by 1"
    )).all()  # fmt: skip

    assert [tuple(row) for row in found] == [
        ("entry_balanced", "O", True, True),
        ("journal_balanced", "O", True, True),
    ]
