"""Names across scripts and spellings: one form to compare, and how close two names are. Pure."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz.distance import OSA
from text_unidecode import unidecode

# ICAO Doc 9303 part 3 section 6 writes these on documents; people often drop the second letter.
_ICAO = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "å": "aa",
        "æ": "ae",
        "ø": "oe",
        "œ": "oe",
        "ß": "ss",
        "þ": "th",
        "ñ": "n",
    }
)
_TITLES = frozenset({"mr", "mrs", "ms", "dr", "prof", "sir", "haji", "sheikh"})

EDITS_PER_LETTERS = 3
"""One slip of the pen for every three letters: short parts must be equal, or Kim meets Kin."""
PART_MATCH_MIN = 1 - 1 / EDITS_PER_LETTERS
"""The least similarity those slips leave."""
JOINED_MATCH_MIN = 0.9
"""Of whole names without their spaces, so that Abd al Rahman meets Abdulrahman."""

Parts = tuple[str, ...]


@lru_cache(maxsize=200_000)
def parts(text: str) -> Parts:
    """The words of a name in Latin lower case, without accents, titles and punctuation."""
    return _words(unidecode(unicodedata.normalize("NFKC", text)))


@lru_cache(maxsize=10_000)
def icao_parts(text: str) -> Parts:
    """Likewise, but as travel documents spell it: Müller is ``mueller``."""
    composed = unicodedata.normalize("NFKC", text).lower()
    return _words(unidecode(composed.translate(_ICAO)))


def similarity(left: str, right: str) -> int:
    """How close two full names are, 0 to 100, whatever the order, script or spelling.

    A name cut short at the end of a document's line counts as whole, and so does a middle name
    that only one side has.
    """
    spellings = {parts(left), icao_parts(left)}
    others = {parts(right), icao_parts(right)}
    return max(aligned(one, other) for one in spellings for other in others)


def aligned(left: Parts, right: Parts) -> int:
    """0 to 100 by paired parts, weighed by length; parts only the longer name has are free."""
    if not left or not right:
        return 0
    pairs = paired(left, right)
    score = sum(close * _weight(one, other) for one, other, close in pairs)
    weight = sum(_weight(one, other) for one, other, _ in pairs)
    if len(left) <= len(right):
        weight += _length(left) - _length(one for one, _, _ in pairs)
    if len(right) <= len(left):
        weight += _length(right) - _length(other for _, other, _ in pairs)
    return round(100 * max(score / weight if weight else 0, joined_similarity(left, right)))


def paired(left: Parts, right: Parts) -> list[tuple[str, str, float]]:
    """Parts of both names that belong together, one to one, the closest and longest first."""
    chances = sorted(
        ((one, other, part_similarity(one, other)) for one in set(left) for other in set(right)),
        key=lambda chance: (-chance[2], -_weight(*chance[:2]), sorted(chance[:2])),
    )
    ours, theirs = Counter(left), Counter(right)
    found = []
    for one, other, close in chances:
        times = min(ours[one], theirs[other]) if close else 0
        found += [(one, other, close)] * times
        ours[one] -= times
        theirs[other] -= times
    return found


def _length(words: Iterable[str]) -> int:
    return sum(map(len, words))


def _weight(one: str, other: str) -> float:
    return (len(one) + len(other)) / 2


def joined_similarity(left: Parts, right: Parts) -> float:
    """How close two names are without spaces, in the given and in alphabetical order; 0 if not very."""
    orders = ((left, right), (tuple(sorted(left)), tuple(sorted(right))))
    cutoff = JOINED_MATCH_MIN
    return max(
        OSA.normalized_similarity("".join(one), "".join(other), score_cutoff=cutoff)
        for one, other in orders
    )


def part_similarity(left: str, right: str) -> float:
    """1 for equal parts, less for a slip of the pen, 0 for different ones.

    An initial stands for a name it begins.
    """
    if left == right:
        return 1.0
    if min(len(left), len(right)) == 1:
        return 0.9 if left[0] == right[0] else 0.0
    longer = max(len(left), len(right))
    slips = longer // EDITS_PER_LETTERS
    edits = OSA.distance(left, right, score_cutoff=slips)
    return 1 - edits / longer if edits <= slips else 0.0


def _words(latin: str) -> Parts:
    text = "".join(
        sign if sign.isalnum() else ("" if sign in "'`" else " ") for sign in latin.lower()
    )
    words = tuple(word for word in text.split() if word not in _TITLES)
    return words or tuple(text.split())
