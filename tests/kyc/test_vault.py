"""Documents at rest: unreadable without the keys, and never another's."""

from uuid import uuid4

import pytest

from operational.kit.settings import Settings
from operational.kyc.errors import DocumentUnreadable
from operational.kyc.vault import ORIGINAL, RENDITION, Vault

CONTENT = b"a passport, as plain as can be"


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


@pytest.fixture
def vault(settings):
    return Vault(settings)


def test_what_was_stored_is_read_back_also_after_a_restart(vault, settings):
    client, document = uuid4(), uuid4()
    vault.store(client, document, ORIGINAL, CONTENT)

    assert vault.open(client, document, ORIGINAL) == CONTENT
    assert Vault(settings).open(client, document, ORIGINAL) == CONTENT


def test_nothing_on_disk_shows_the_content_or_an_open_key(vault, tmp_path):
    client, document = uuid4(), uuid4()
    vault.store(client, document, ORIGINAL, CONTENT)

    stored = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    assert len(stored) == 3
    assert not any(CONTENT in content for content in stored.values())
    assert all(
        path.stat().st_mode & 0o077 == 0 for path in tmp_path.rglob("*key*") if path.is_file()
    )


def test_a_changed_or_moved_file_does_not_open(vault, tmp_path):
    client, other, document = uuid4(), uuid4(), uuid4()
    vault.store(client, document, ORIGINAL, CONTENT)
    vault.store(other, document, ORIGINAL, CONTENT)
    mine = tmp_path / "documents" / str(client) / f"{document}.original"
    theirs = tmp_path / "documents" / str(other) / f"{document}.original"

    with pytest.raises(DocumentUnreadable):
        vault.open(client, uuid4(), ORIGINAL)
    (mine.with_name(f"{document}.rendition")).write_bytes(mine.read_bytes())
    with pytest.raises(DocumentUnreadable):
        vault.open(client, document, RENDITION)
    theirs.write_bytes(mine.read_bytes())
    with pytest.raises(DocumentUnreadable):
        vault.open(other, document, ORIGINAL)
    content = bytearray(mine.read_bytes())
    content[-1] ^= 1
    mine.write_bytes(bytes(content))
    with pytest.raises(DocumentUnreadable):
        vault.open(client, document, ORIGINAL)


def test_without_the_clients_key_the_documents_are_gone_for_good(vault, settings):
    client, document = uuid4(), uuid4()
    vault.store(client, document, ORIGINAL, CONTENT)

    vault.shred(client)

    with pytest.raises(DocumentUnreadable):
        vault.open(client, document, ORIGINAL)


def test_with_another_master_key_nothing_opens(vault, settings, tmp_path):
    client, document = uuid4(), uuid4()
    vault.store(client, document, ORIGINAL, CONTENT)
    (tmp_path / "keys" / "document_master").unlink()

    with pytest.raises(DocumentUnreadable):
        Vault(settings).open(client, document, ORIGINAL)
