"""Sanctions lists are put in force as they are published, whole or not at all."""

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from kingpost.cli import app
from operational.kit import db

ENTRIES = (
    b'36,"AEROCARIBBEAN AIRLINES",-0- ,"CUBA",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \r\n'
    b'40,"DOE, Jos\xe9","individual","SDGT] [IFSR",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,'
    b'"DOB 12 Mar 1951; alt. DOB 1951."\r\n'
    b'41,"ROE, Ann","individual","IRAN",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,'
    b'"DOB 1960; alt. DOB 1961."\r\n\x1a'
)
ALIASES = b'36,12,"aka","AERO-CARIBBEAN",-0- \r\n40,13,"fka","DOE, Joseph",-0- \r\n\x1a'
ADDRESSES = b'36,25,-0- ,"Havana","Cuba",-0- \r\n\x1a'


@pytest.fixture
def load(database, tmp_path, monkeypatch):
    """`kingpost screening load` over OFAC's three files."""
    for name, value in database.settings.environment().items():
        monkeypatch.setenv(name, value)

    def loaded(entries=ENTRIES):
        contents = {"sdn.csv": entries, "alt.csv": ALIASES, "add.csv": ADDRESSES}
        for name, content in contents.items():
            (tmp_path / name).write_bytes(content)
        paths = [str(tmp_path / name) for name in contents]
        return CliRunner().invoke(app, ["screening", "load", *paths])

    return loaded


def in_force(database):
    with database.engine(db.API).connect() as connection:
        found = connection.execute(text(
            "select e.name, e.birth_year, e.programme from kyc.screening_entry e"
            " join kyc.screening_list l on l.name = e.list_name and l.version = e.list_version"
            " order by e.external_id, e.name"
        ))  # fmt: skip
        return [tuple(row) for row in found]


def test_persons_and_their_aliases_come_into_force_with_what_is_known_of_their_birth(
    database, load
):
    assert "ofac_sdn: 3 names in force." in load().stdout
    assert "ofac_sdn" in CliRunner().invoke(app, ["screening", "list"]).stdout

    assert in_force(database) == [
        ("DOE, Joseph", 1951, "SDGT, IFSR"),
        ("DOE, José", 1951, "SDGT, IFSR"),
        ("ROE, Ann", None, "IRAN"),
    ]


def test_the_next_issue_replaces_the_last(database, load):
    load()
    load(ENTRIES.replace(b"ROE, Ann", b"ROE, Anne"))

    assert [name for name, *_ in in_force(database)] == ["DOE, Joseph", "DOE, José", "ROE, Anne"]


def test_a_list_that_breaks_its_form_changes_nothing_and_names_the_place(database, load):
    load()
    refused = load(ENTRIES.replace(b'"individual"', b'"person"', 1))

    assert refused.exit_code == 1
    assert "Nothing was loaded. row 2, column 'entries: SDN_Type'" in refused.stdout
    assert len(in_force(database)) == 3
