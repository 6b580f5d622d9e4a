"""Tidying makes the lake smaller and changes nothing anybody reads."""

from contextlib import closing
from datetime import timedelta

from lake import connection, publication
from operational.kit.clock import utc_now
from pipelines import sources
from pipelines.operational_db.extract import extract
from pipelines.publish import publish
from pipelines.tidy import tidy
from tests.pipelines.broker import Broker

PASSES = 15


def test_many_small_files_become_few_and_old_states_go_but_the_published_one_stays(database):
    settings = database.settings
    with closing(Broker(database)) as broker, sources.opened(settings) as lake:
        for number in range(PASSES):
            clients = [broker.client() for _ in range(12)]
            broker.update("clients.client", clients[0], country="IT")
            extract(lake)
            if number == PASSES // 2:
                publish(settings, (), as_of=utc_now())
    with publication.read(settings) as lake:
        published = _clients(lake)
    with connection.write(settings) as lake:
        newest, files = _clients(lake), _files(lake)

    forgotten = tidy(settings, now=utc_now() + timedelta(days=3))

    assert forgotten > PASSES
    with publication.read(settings) as lake:
        assert _clients(lake) == published
    with connection.write(settings) as lake:
        assert _clients(lake) == newest
        assert _files(lake) < files
    assert len(newest) > len(published) > 0


def _clients(lake):
    return lake.execute("from lake.raw.clients__client order by all").fetchall()


def _files(lake):
    return lake.execute(
        "select sum(file_count) from ducklake_table_info('lake') where table_name like 'clients%'"
    ).fetchone()[0]
