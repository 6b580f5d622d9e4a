"""Questions to `fct_partner_commissions`: one row per closing deal, paid or not."""

from dashboards.figures import Figure
from lake.rows import PARTNERS, Origin

UNPAID = Figure(
    "Deals that pay nothing, and why",
    "Closing deals of the period that earn no partner anything, each with its one reason.",
    """
select
    exclusion_reason as reason,
    count(*) as deals,
    sum(closed_lots)::decimal(38, 8) as lots
from lake.marts.fct_partner_commissions
where not is_paid and closed_date between $since and $until
group by reason
order by deals desc, reason
""",
    Origin(
        "fct_partner_commissions",
        "not mart.is_paid and mart.closed_date between $since and $until",
        "closed_date",
    ),
)

CLOSED = Origin(
    "fct_partner_commissions", "mart.closed_date between $since and $until", "closed_date"
)
"""Every closing deal of the period, paid or not."""

_PAID = Origin(
    "fct_partner_commissions",
    "mart.is_paid and mart.closed_date between $since and $until",
    "closed_date",
)


def earned(permissions: frozenset[str]) -> Figure:
    """What each partner earned; numbered, not named, for readers who may not see partners."""
    name = "partner_code" if PARTNERS in permissions else "concat('Partner ', place)"
    # The name is one of the two above.
    sql = f"""
with earned as (
    select
        partner_id,
        count(*) as deals,
        count(distinct client_id) as traders,
        sum(closed_lots)::decimal(38, 8) as lots,
        sum(commission_usd)::decimal(38, 8) as commission_usd
    from lake.marts.fct_partner_commissions
    where is_paid and closed_date between $since and $until
    group by partner_id
),

placed as (
    select *, row_number() over (order by commission_usd desc, partner_id) as place
    from earned
)

select {name} as partner, plan_name as plan, deals, traders, lots, commission_usd
from placed
left join lake.marts.dim_partners using (partner_id)
order by place
"""  # noqa: S608 - see above
    return Figure(
        "Commission by partner, USD",
        "What partners earned on trades closed in the period, by the plan in force at execution.",
        sql,
        _PAID,
    )
