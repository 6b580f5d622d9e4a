"""What another version of the withdrawal table would have meant: losses, work, and people who waited."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

REVIEW_MINUTES = 8
"""What one review takes a person, over the day; the time a page is open would count the phone too."""


@dataclass(frozen=True, slots=True)
class Side:
    """How withdrawals fared, or would have: counts, whole US dollars, minutes."""

    passed: int
    """Let go by rule."""
    stopped: int
    """For a person to look at."""
    refused: int
    """By rule."""
    delayed_clients: int
    """Stopped at least once, with nothing against any of it in the end."""
    loss_stopped_usd: int
    """Bad ones that a person looked at, or the rule refused."""
    loss_passed_usd: int
    """Bad ones that left by rule."""

    @property
    def minutes(self) -> int:
        return self.stopped * REVIEW_MINUTES

    @property
    def tried(self) -> int:
        return self.passed + self.stopped + self.refused


@dataclass(frozen=True, slots=True)
class Meaning:
    """The decisions a replay has tried: as they were made, and by the version tried."""

    then: Side
    tried: Side

    @property
    def avoided_usd(self) -> int:
        """Loss that left by rule then, and would stop."""
        return max(self.then.loss_passed_usd - self.tried.loss_passed_usd, 0)

    @property
    def leaked_usd(self) -> int:
        """Loss that stopped then, and would leave by rule."""
        return max(self.tried.loss_passed_usd - self.then.loss_passed_usd, 0)


def of(session: Session, replay_id: UUID) -> Meaning:
    """What a replay of the withdrawal table comes to so far.

    A withdrawal was bad if a person refused it, or if a bank took a deposit of that client back
    within 180 days after it was asked for.
    """
    found = session.execute(_MEANING, {"replay": replay_id}).mappings().all()
    sides = {row["side"]: Side(**{key: row[key] for key in row if key != "side"}) for row in found}
    nothing = Side(0, 0, 0, 0, 0, 0)
    return Meaning(sides.get("then", nothing), sides.get("tried", nothing))


# A version that could not decide at all would have stopped everything: nothing leaves by mistake.
_MEANING = text("""
with charged_back as (
  select payment.client_id, event.occurred_at
  from payments.payment_event as event
  join payments.payment on payment.id = event.payment_id
  where event.news = 'charged_back'
),
tried as (
  select
    decision.outcome ->> 'outcome' as was,
    case
      when difference.decision_id is null then decision.outcome ->> 'outcome'
      else coalesce(difference.would_be ->> 'outcome', 'review')
    end as would_be,
    withdrawal.client_id,
    withdrawal.amount_usd,
    (withdrawal.status = 'refused' and decision.outcome ->> 'outcome' = 'review')
    or exists (
      select from charged_back
      where charged_back.client_id = withdrawal.client_id
        and charged_back.occurred_at
          between withdrawal.requested_at and withdrawal.requested_at + interval '180 days'
    ) as is_bad
  from rules.replay
  join rules.table_version as version on version.id = replay.table_version_id
  join rules.table_version as sibling on sibling.name = version.name
  join rules.decision on decision.table_version_id = sibling.id
    and decision.decided_at >= replay.since and decision.decided_at < replay.until
    and (decision.decided_at, decision.id) <= (replay.last_decided_at, replay.last_decision_id)
  join payments.withdrawal on withdrawal.decision_id = decision.id
  left join rules.replay_difference as difference
    on difference.replay_id = replay.id and difference.decision_id = decision.id
  where replay.id = :replay
),
sides as (
  select 'then' as side, was as outcome, client_id, amount_usd, is_bad from tried
  union all
  select 'tried' as side, would_be as outcome, client_id, amount_usd, is_bad from tried
)
select
  side,
  count(*) filter (where outcome = 'approve') as passed,
  count(*) filter (where outcome = 'review') as stopped,
  count(*) filter (where outcome = 'refuse') as refused,
  count(distinct client_id) filter (where outcome = 'review' and not is_bad) as delayed_clients,
  coalesce(sum(amount_usd) filter (where is_bad and outcome <> 'approve'), 0)::bigint as loss_stopped_usd,
  coalesce(sum(amount_usd) filter (where is_bad and outcome = 'approve'), 0)::bigint as loss_passed_usd
from sides
group by side
""")
