-- Built whole: a dispute may be opened, or turn out to be an inquiry, months after the sale.
{{ config(materialized="table") }}

with

sales as (
    select
        psp,
        date_trunc('month', succeeded_date)::date as month_date,
        count(*) as sale_count,
        max(extract_id) as sales_extract_id
    from {{ ref("fct_payments") }}
    where is_successful and direction = 'deposit'
    group by all
),

disputes as (
    select
        psp,
        date_trunc('month', opened_date)::date as month_date,
        count(*) as dispute_count,
        count(*) filter (is_lost) as lost_count,
        sum(amount_usd_minor)::bigint as disputed_usd_minor,
        max(extract_id) as disputes_extract_id
    from {{ ref("fct_disputes") }}
    where is_chargeback
    group by all
),

counted as (
    select
        psp,
        month_date,
        coalesce(sales.sale_count, 0) as sale_count,
        coalesce(disputes.dispute_count, 0) as dispute_count,
        coalesce(disputes.lost_count, 0) as lost_count,
        coalesce(disputes.disputed_usd_minor, 0) as disputed_usd_minor,
        greatest(
            coalesce(sales.sales_extract_id, 0), coalesce(disputes.disputes_extract_id, 0)
        ) as extract_id
    from sales
    full join disputes using (psp, month_date)
)

select
    psp,
    month_date,
    ----------  counts
    sale_count,
    dispute_count,
    lost_count,
    -- Rounded up, so that a limit is never passed unseen.
    case
        when sale_count > 0 then (dispute_count * 10000 + sale_count - 1) // sale_count
    end::bigint as ratio_bps,
    ----------  money
    disputed_usd_minor,
    extract_id
from counted
