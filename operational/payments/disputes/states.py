"""Stages of a dispute, their ranks, and what we may have answered."""

from enum import StrEnum

from operational.payments.states import News


class Stage(StrEnum):
    INQUIRY = "inquiry"
    """The bank asks; no money was moved. Silence may turn it into a chargeback."""
    INQUIRY_CLOSED = "inquiry_closed"
    """The bank asked, and let it be."""
    OPENED = "opened"
    """A chargeback is announced; the money is still with us."""
    CHARGED_BACK = "chargeback"
    """The money was taken."""
    UNDEFENDED = "undefended"
    """Nobody defended it in time."""
    DEFENDED = "defended"
    """The bank has our evidence."""
    LOST = "lost"
    """The bank did not accept it."""
    WON = "won"
    """The money is back. A bank may still take it a second time."""
    SECOND_CHARGEBACK = "second_chargeback"
    """The bank took the money again after we had won."""
    PREARBITRATION = "prearbitration"
    """The card scheme is to decide; the last call to give in or to go on."""
    FINALLY_WON = "finally_won"
    """Nobody may take the money again."""
    FINALLY_LOST = "finally_lost"


RANKS: dict[Stage, int] = {
    Stage.INQUIRY: 10,
    Stage.INQUIRY_CLOSED: 15,
    Stage.OPENED: 20,
    Stage.CHARGED_BACK: 30,
    # Whoever was heard in time is not lost because the time is over.
    Stage.UNDEFENDED: 35,
    Stage.DEFENDED: 40,
    # Banks change their minds towards us after a loss (Stripe: funds reinstated).
    Stage.LOST: 50,
    Stage.WON: 60,
    Stage.SECOND_CHARGEBACK: 70,
    Stage.PREARBITRATION: 75,
    Stage.FINALLY_WON: 80,
    Stage.FINALLY_LOST: 90,
}
"""In what order the stages come; the highest one told is where a dispute stands."""

OF_NEWS: dict[News, Stage] = {
    News.CHARGED_BACK: Stage.CHARGED_BACK,
    News.CHARGEBACK_WON: Stage.WON,
    News.CHARGED_BACK_AGAIN: Stage.SECOND_CHARGEBACK,
}
"""What news of money says of the stage, where the provider says no more."""

INQUIRIES = frozenset({Stage.INQUIRY, Stage.INQUIRY_CLOSED})
"""No card scheme counts these against us."""

ANSWERABLE = frozenset({Stage.INQUIRY, Stage.OPENED, Stage.CHARGED_BACK, Stage.PREARBITRATION})
"""The bank waits for us."""

OPEN = ANSWERABLE | {Stage.DEFENDED}
"""Somebody has yet to decide."""

LOST = frozenset({Stage.UNDEFENDED, Stage.LOST, Stage.SECOND_CHARGEBACK, Stage.FINALLY_LOST})


class Answer(StrEnum):
    EVIDENCE = "evidence"
    """We defend ourselves."""
    ACCEPTED = "accepted"
    """We let the money go."""


class AnswerStatus(StrEnum):
    SENDING = "sending"
    """On its way to the provider."""
    SENT = "sent"
    """The provider has it."""
    REFUSED = "refused"
    """The provider did not take it; a person hands it in on the provider's own pages."""
    BY_HAND = "by_hand"
    """A person handed it in on the provider's own pages."""
