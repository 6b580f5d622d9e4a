"""The machine-readable zone: ICAO's own specimens, and every single wrong sign found."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operational.kyc import mrz
from tests.kyc.people import td3

TODAY = date(2026, 3, 1)

# ICAO Doc 9303 part 4, 5 and 6, appendix A.
TD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
TD1 = (
    "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
)
TD2 = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6"

SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<"


@pytest.mark.parametrize("zone", [TD3, TD1, TD2])
def test_the_specimens_of_icao_are_read_and_hold(zone):
    found = mrz.parse(zone, today=TODAY)

    assert found.is_valid
    assert (found.surname, found.given_names) == ("ERIKSSON", "ANNA MARIA")
    assert (found.birth_date, found.expires_on) == (date(1974, 8, 12), date(2012, 4, 15))
    assert (found.issuer, found.nationality, found.sex) == ("UTO", "UTO", "F")
    assert found.document_number in {"L898902C3", "D23145890"}


def test_the_check_digits_of_the_specimen_are_6_2_9_1():
    pieces = ("L898902C3", "740812", "120415", "ZE184226B<<<<<")

    assert [mrz.check_digit(piece) for piece in pieces] == [6, 2, 9, 1]


def test_a_number_too_long_for_its_field_runs_on_into_the_optional_data():
    zone = "I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<<<<<<<<<<<<<<"

    found = mrz.parse(zone, today=TODAY)

    assert found.document_number == "D23145890734"
    assert found.is_valid


def test_an_empty_optional_field_may_have_a_filler_for_its_digit():
    first, second = td3().splitlines()
    pieces = (second[0:10], second[13:20], second[21:42] + "<")
    zone = f"{first}\n{second[:42]}<{mrz.check_digit(''.join(pieces))}"

    assert mrz.parse(zone, today=TODAY).is_valid


@pytest.mark.parametrize(
    "text",
    ["", "P<UTO", TD3[:-1], TD3.replace("ANNA", "Änna"), "\n".join([TD1, "X" * 30]), "X" * 44],
)
def test_what_is_no_zone_is_said_to_be_none(text):
    with pytest.raises(mrz.MrzUnreadable):
        mrz.parse(text, today=TODAY)


def test_blanks_and_letter_case_do_not_matter():
    spaced = "\r\n".join(" ".join(line).lower() for line in TD3.splitlines())

    assert mrz.parse(spaced, today=TODAY) == mrz.parse(TD3, today=TODAY)


@given(
    place=st.sampled_from([*range(10), *range(13, 20), *range(21, 28)]), sign=st.sampled_from(SIGNS)
)
def test_any_single_wrong_sign_in_number_birth_or_expiry_is_found(place, sign):
    first, second = TD3.splitlines()
    forged = second[:place] + sign + second[place + 1 :]

    # In the number, signs ten apart weigh the same (0 and A, 1 and B): no check digit tells them.
    is_same = mrz.check_digit(sign) == mrz.check_digit(second[place])
    is_missed = sign == second[place] or (place < 9 and is_same)
    assert mrz.parse(f"{first}\n{forged}", today=TODAY).is_valid == is_missed


@given(
    number=st.text(SIGNS[:-1], min_size=1, max_size=9),
    born=st.dates(date(1927, 1, 1), date(2008, 1, 1)),
    expires=st.dates(date(2000, 1, 1), date(2060, 1, 1)),
)
def test_a_zone_written_by_the_rules_is_read_back_as_written(number, born, expires):
    zone = td3(number=number, birth=f"{born:%y%m%d}", expiry=f"{expires:%y%m%d}")

    found = mrz.parse(zone, today=TODAY)

    assert found.is_valid
    assert (found.document_number, found.birth_date, found.expires_on) == (number, born, expires)


def test_nobody_is_born_in_the_future():
    assert mrz.parse(td3(birth="270101"), today=TODAY).birth_date == date(1927, 1, 1)
    assert mrz.parse(td3(birth="260301"), today=TODAY).birth_date == date(2026, 3, 1)
    assert mrz.parse(td3(birth="260302"), today=TODAY).birth_date == date(1926, 3, 2)


def test_a_date_that_never_was_is_a_fault():
    assert "birth date is no date" in mrz.parse(td3(birth="900230"), today=TODAY).faults
