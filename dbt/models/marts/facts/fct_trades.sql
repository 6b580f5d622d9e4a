{{ config(materialized="incremental", unique_key=["platform", "server", "deal"]) }}

with

-- Kept apart for each use, for each then opens only the files it needs.
deals as not materialized (
    select * from {{ ref("stg_platform__deals") }}
    where is_trade
),

accounts as (
    select * from {{ ref("int_accounts_owned") }}
),

rates as (
    select * from {{ ref("int_usd_rates") }}
),

{% if is_incremental() %}
    -- A row tells of its whole position, so one changed deal concerns every deal of the position.
    touched as (
        select
            platform,
            server,
            position
        from deals
        where extract_id > {{ last_extract_id() }} or {{ is_repriced("executed_at::date") }}
        union
        select
            deals.platform,
            deals.server,
            deals.position
        from deals
        inner join accounts using (platform, server, login)
        where accounts.extract_id > {{ last_extract_id() }}
    ),
{% endif %}

concerned as (
    select deals.* from deals
    {% if is_incremental() %}
        semi join touched
            on
                deals.platform = touched.platform
                and deals.server = touched.server
                and deals.position = touched.position
    {% endif %}
),

openings as (
    select
        platform,
        server,
        position,
        min(executed_at) as opened_at,
        max(extract_id) as extract_id
    from concerned
    where is_opening and not is_deleted and not is_cancelled
    group by platform, server, position
),

closings as (
    select
        *,
        executed_at::date as closed_date,
        case
            when is_deleted then 'deleted'
            when is_cancelled then 'cancelled'
            -- Synchronisation, external service, migration, split, corporate action.
            when reason in (13, 14, 15, 18, 19) then 'not_by_trading'
        end as exclusion_reason
    from concerned
    where is_closing
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
    {{ from_e8("if(closings.exclusion_reason is null, closings.volume_closed_e8, 0)") }}
        as closed_lots,
    ----------  money
    if(
        closings.exclusion_reason is null,
        (closings.profit + closings.swap + closings.commission + closings.fee)
        * accounts.minor_per_unit,
        0
    )::bigint as client_pnl_minor,
    {{ usd_minor("client_pnl_minor") }} as client_pnl_usd_minor,
    ----------  times
    openings.opened_at,
    closings.executed_at as closed_at,
    closings.closed_date,
    closings.trading_day,
    date_diff('second', openings.opened_at, closings.executed_at) as duration_seconds,
    greatest(
        closings.extract_id,
        coalesce(openings.extract_id, 0),
        coalesce(accounts.extract_id, 0),
        coalesce(rates.extract_id, 0)
    ) as extract_id
from closings
left join openings using (platform, server, position)
left join accounts using (platform, server, login)
asof left join rates
    on accounts.currency = rates.currency and closings.closed_date > rates.rate_date
