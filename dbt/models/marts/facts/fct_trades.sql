{{ config(materialized="incremental", replaces_touched=true,
    unique_key=["platform", "server", "position"]) }}
{% if is_incremental() %}{{ touch_positions() }}{% endif %}
-- depends_on: {{ ref("stg_platform__deal_versions") }}
with

deals as (
    select * from {{ ref("stg_platform__deals") }}
    where is_trade
),

accounts as (
    select * from {{ ref("int_accounts_owned") }}
),

rates as (
    select * from {{ ref("int_usd_rates") }}
),

-- A row tells of its whole position, so one changed deal concerns every deal of the position.
concerned as (
    {% if is_incremental() %}
        select deals.* replace (greatest(deals.extract_id, touched.extract_id) as extract_id)
        from deals
        inner join touched using (platform, server, position)
    {% else %}
        select * from deals
    {% endif %}
),

positions as (
    select
        platform,
        server,
        position,
        min(executed_at) filter (is_opening) as opened_at,
        -- What a reversing deal costs stands with what it closes.
        sum(commission + fee) filter (not is_closing) as opening_costs,
        sum(volume_e8) filter (not is_closing)::bigint as opened_e8,
        count(*) filter (is_closing) as closing_count,
        max(extract_id) filter (is_opening) as extract_id
    from concerned
    where not is_deleted and not is_cancelled and (is_opening or is_closing)
    group by platform, server, position
),

closings as (
    select
        *,
        executed_at::date as closed_date
    from concerned
    where is_closing
),

-- How much of a position is closed after each deal; most positions are closed by one.
steps as (
    select
        closings.platform,
        closings.server,
        closings.deal,
        sum(closings.volume_closed_e8) over (
            partition by closings.platform, closings.server, closings.position
            order by closings.executed_at, closings.deal
        )::bigint as closed_e8
    from closings
    inner join positions using (platform, server, position)
    where positions.closing_count > 1 and closings.exclusion_reason is null
)

select
    ----------  ids
    closings.platform,
    closings.server,
    closings.deal,
    closings.login,
    closings.position,
    accounts.trading_account_id,
    accounts.client_id,
    ----------  facts
    closings.symbol,
    -- The deal that closes is on the other side of the position.
    not closings.is_buy as is_long,
    accounts.currency,
    closings.exclusion_reason,
    closings.exclusion_reason is null as is_counted,
    ----------  volume
    {{ from_e8("if(is_counted, closings.volume_closed_e8, 0)") }} as closed_lots,
    ----------  money
    if(
        is_counted,
        (closings.profit + closings.swap + closings.commission + closings.fee)
        * accounts.minor_per_unit
        + {{ share_of_step(
            "(positions.opening_costs * accounts.minor_per_unit)",
            "closings.volume_closed_e8",
            "coalesce(steps.closed_e8, closings.volume_closed_e8)",
            "positions.opened_e8"
        ) }},
        0
    )::bigint as client_pnl_minor,
    {{ usd_minor("client_pnl_minor") }} as client_pnl_usd_minor,
    ----------  times
    positions.opened_at,
    closings.executed_at as closed_at,
    closings.closed_date,
    closings.trading_day,
    -- Whole seconds that passed; the other function counts how often a clock would have ticked.
    date_sub('second', positions.opened_at, closings.executed_at) as duration_seconds,
    greatest(
        closings.extract_id,
        coalesce(positions.extract_id, 0),
        coalesce(accounts.extract_id, 0),
        coalesce(rates.extract_id, 0)
    ) as extract_id
from closings
left join positions using (platform, server, position)
left join steps using (platform, server, deal)
left join accounts using (platform, server, login)
asof left join rates
    on accounts.currency = rates.currency and closings.closed_date > rates.rate_date
