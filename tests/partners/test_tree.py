"""Whatever is asked of the tree, it has no circle and nobody has two parents, at any moment."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from operational.partners.rules import Placement, chain, closes_cycle

START = datetime(2026, 3, 1, tzinfo=UTC)
PARTNERS = [UUID(int=number) for number in range(1, 7)]

moves = st.lists(
    st.tuples(
        st.sampled_from(PARTNERS),
        st.sampled_from([*PARTNERS, None]),
        st.integers(0, 5),
    ),
    max_size=25,
)


def applied(asked):
    """The placements after every allowed move, as `service.move_partner` makes them."""
    edges: list[Placement] = []
    for child, parent, day in asked:
        since = START + timedelta(days=day)
        relevant = [e for e in edges if e.valid_to is None or e.valid_to > since]
        others = [e for e in relevant if e.child_id != child]
        if parent is not None and (parent == child or closes_cycle(others, child, parent, since)):
            continue
        edges = [
            Placement(e.child_id, e.parent_id, e.valid_from, max(e.valid_from, since))
            if e in relevant and e.child_id == child
            else e
            for e in edges
        ]
        if parent is not None:
            edges.append(Placement(child, parent, since, None))
    return edges


@given(moves)
def test_no_sequence_of_moves_makes_a_circle_or_a_second_parent(asked):
    edges = applied(asked)

    for day in range(8):
        at = START + timedelta(days=day)
        held = [edge for edge in edges if edge.holds_at(at)]
        assert len({edge.child_id for edge in held}) == len(held)
        parents = {edge.child_id: edge.parent_id for edge in held}
        for partner in PARTNERS:
            above = [partner]
            while above[-1] in parents:
                assert parents[above[-1]] not in above
                above.append(parents[above[-1]])


@given(moves)
def test_a_refused_move_would_really_have_made_a_circle(asked):
    edges = applied(asked)

    for child in PARTNERS:
        for parent in PARTNERS:
            if child == parent:
                continue
            others = [edge for edge in edges if edge.child_id != child]
            refused = closes_cycle(others, child, parent, START)
            after = [*others, Placement(child, parent, START, None)]
            moments = {START} | {edge.valid_from for edge in after}
            has_circle = any(
                child in chain(after, parent, at)[0:] and parent != child
                for at in moments
                if at >= START
            )
            assert refused == has_circle
