"""Screening finds the listed under other spellings, explains itself, and is fast."""

import time
from datetime import date
from random import Random

import pytest

from operational.kyc.screening import Entry, Index, Subject

LIST = [
    Entry("un", "1", "PETROV, Viktor Ivanovich", 1966, ("RU",), "SANCTIONS"),
    Entry("un", "1", "Виктор Петров", 1966, ("RU",), "SANCTIONS"),
    Entry("un", "2", "ABDUL RAHMAN AL-TIKRITI", 1951, ("IQ",), "SANCTIONS"),
    Entry("pep", "3", "Müller, Jürgen", 1970, ("AT",), "PEP"),
    Entry("pep", "4", "Sunto", None, (), "PEP"),
]
INDEX = Index(LIST)


def best(name, born=None, countries=()):
    found = INDEX.search(Subject(name, born, countries))
    return (found[0]["external_id"], found[0]["percent"]) if found else (None, 0)


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("Viktor Petrov", "1"),
        ("VICTOR PETROV", "1"),
        ("Petrov Viktor Ivanovich", "1"),
        ("Виктор Иванович Петров", "1"),
        ("Viktor Petrow", "1"),
        ("Abdulrahman al Tikriti", "2"),
        ("Abd al-Rahman Tikriti", "2"),
        ("Juergen Mueller", "3"),
        ("Jurgen Muller", "3"),
        ("JürgenMüller", "3"),
    ],
)
def test_a_listed_person_is_found_under_another_spelling(name, listed):
    found, percent = best(name)

    assert found == listed
    assert percent >= 75


@pytest.mark.parametrize(
    "name",
    ["Viktor Orlov", "Anna Petrova-Schmidt", "Abdul Haddad", "Jürgen Vogt", "Rita Suntorini", ""],
)
def test_a_shared_first_name_or_a_name_that_contains_one_is_no_hit(name):
    assert best(name)[1] < 75


def test_the_very_same_name_reaches_a_person_whatever_year_and_country():
    assert best("Viktor Ivanovich Petrov", date(1999, 1, 1), ("DE",)) == ("1", 80)


def test_a_hit_is_told_once_per_person_with_every_point_explained():
    found = INDEX.search(Subject("Viktor Petrow", date(1990, 5, 1), ("DE",)))

    (hit,) = found
    assert (hit["name_percent"], hit["percent"]) == (92, 72)
    assert (hit["birth_year"], hit["country"]) == ("differs", "differs")
    assert {(part["ours"], part["listed"], part["percent"]) for part in hit["parts"]} == {
        ("viktor", "viktor", 100),
        ("petrow", "petrov", 83),
    }


def test_the_same_search_finds_the_same_in_the_same_order():
    subject = Subject("Abdul Petrov", date(1966, 1, 1))

    assert INDEX.search(subject) == Index(LIST).search(subject)


def test_fifty_thousand_names_are_searched_in_a_fraction_of_a_second():
    dice = Random(1)
    syllables = ["ka", "mo", "ra", "tin", "sul", "ber", "dov", "han", "ze", "li", "ort", "gan"]

    def word():
        return "".join(dice.choice(syllables) for _ in range(dice.randint(2, 4)))

    entries = [Entry("big", str(i), f"{word()} {word()} {word()}") for i in range(50_000)]
    index = Index([*entries, *LIST])
    index.search(Subject("warm up"))

    began = time.process_time()
    found = index.search(Subject("Viktor Ivanovich Petrov", date(1966, 1, 1)))
    spent = time.process_time() - began

    assert found[0]["external_id"] == "1"
    assert spent < 0.5
