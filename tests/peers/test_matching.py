"""Bank lines of others, paired by hand there: what we post by ourselves, and how much of it is right."""

import re

from pipelines import sources
from pipelines.dbt_models import project

PRECISION_MIN = 0.99
RECALL_MIN = 0.9
"""What was reached is printed. Below these, something that was understood is understood no more."""

# The rules of production: its macros, its words, its tolerances. The two files take the place of
# what providers pay out and of what a bank shows.
SIDE = """
select ground_truth::varchar as {key}, 'bank_line' as leg, 'bank' as pool, 'booking' as movement,
       'EUR' as currency, (amount::decimal(18, 2) * 100)::bigint as {amount},
       transaction_date::timestamptz as {day},
       {{{{ telling_words("memo", "uninformative.known") }}}} as words
from '{file}' cross join uninformative
"""
SCORED = """
with
uninformative as (select list(upper(word)) as known from {{{{ ref("bank_words") }}}}),
rules as (select * from {{{{ ref("reconciliation_rules") }}}} where counterpart = '*'),
origin as ({origin}),
destination as ({destination}),
pairs as ({{{{ guessed_pairs("origin", "destination", "rules") }}}})
select (select count(*) from origin) as pair_count,
       count(*) filter (is_sole) as posted,
       count(*) filter (is_sole and expectation_key = line_id) as posted_right
from pairs
"""


def test_what_is_posted_without_a_person_is_right(data, settings, capsys):
    with sources.opened(settings):
        pass
    project.run(settings, "seed", "--full-refresh")
    folder = data / "bank" / "matching"
    query = SCORED.format(
        origin=SIDE.format(
            key="expectation_key",
            amount="expected_minor",
            day="occurred_at",
            file=folder / "recon_origin_give.parquet",
        ),
        destination=SIDE.format(
            key="line_id",
            amount="actual_minor",
            day="booked_at",
            file=folder / "recon_destination_give.parquet",
        ),
    )

    capsys.readouterr()
    project.run(settings, "show", "--inline", query)
    project.release()

    shown = re.findall(r"\d+", capsys.readouterr().out)
    pair_count, posted, right = map(int, shown)
    precision, recall = right / posted, right / pair_count
    with capsys.disabled():
        print(f"bank matching: precision {precision:.2%}, recall {recall:.2%}")  # noqa: T201 - its point
    assert pair_count == 5_037
    assert precision >= PRECISION_MIN
    assert recall >= RECALL_MIN
