"""Names are compared across scripts, orders and spellings, and different people stay different."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational.kyc import names

LETTERS = "abcdefghijklmnopqrstuvwxyzäöüßéñøłçšžабвгдежз"
words = st.text(LETTERS, min_size=2, max_size=12)
people = st.lists(words, min_size=1, max_size=4).map(" ".join)


@pytest.mark.parametrize(
    ("profile", "document"),
    [
        ("Jürgen Müller", "JUERGEN MUELLER"),
        ("Jürgen Müller", "JURGEN MULLER"),
        ("Søren Ågård", "SOEREN AAGAARD"),
        ("Łucja Dąbrowska", "LUCJA DABROWSKA"),
        ("Nguyễn Thị Hương", "HUONG NGUYEN THI"),
        ("Sinéad O’Connor", "SINEAD OCONNOR"),
        ("Мария Иванова", "MARIIA IVANOVA"),
        ("Anna Schmidt", "SCHMIDT ANNA MARIA"),
        ("Dr. Anna Schmidt", "ANNA SCHMIDT"),
        ("Maximilian Oberhuber-Wagenknecht", "MAXIMILIAN OBERHUBER WAGENKNECH"),
        ("Jean-Luc Picardin", "JEAN LUC PICARDIN"),
        ("Abd al Rahman Haddad", "ABDULRAHMAN HADDAD"),
    ],
)
def test_one_person_on_paper_and_in_the_profile(profile, document):
    assert names.similarity(profile, document) >= 85


@pytest.mark.parametrize(
    ("profile", "document"),
    [
        ("Anna Schmidt", "ANNA HUBER"),
        ("Anna Schmidt", "VIVIANE STOLTENHOFF"),
        ("Mario Rossi", "MARIA BIANCHI"),
        ("Kim Lee", "KIN LEI"),
        ("Lena Weber", ""),
    ],
)
def test_two_people_are_not_taken_for_one(profile, document):
    assert names.similarity(profile, document) < 85


@given(people)
def test_everybody_is_themselves_in_any_case_order_and_composition(name):
    swapped = " ".join(reversed(name.split()))

    assert names.similarity(name, name.upper()) == 100
    assert names.similarity(name, swapped) == 100


@given(people, people)
def test_likeness_is_mutual_and_a_percentage(one, other):
    found = names.similarity(one, other)

    assert 0 <= found <= 100
    assert found == names.similarity(other, one)


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_whatever_breaks_the_comparison(one, other):
    assert 0 <= names.similarity(one, other) <= 100
