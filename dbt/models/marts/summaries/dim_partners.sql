{{ config(materialized="table") }}

with

partners as (
    select * from {{ ref("stg_partners__partners") }}
),

clients as (
    select * from {{ ref("dim_clients") }}
),

brought as (
    select
        partner_id,
        count(*) as client_count,
        count(*) filter (first_deposit_at is not null) as funded_client_count
    from clients
    group by partner_id
)

select
    ----------  ids
    partners.partner_id,
    partners.partner_reference,
    partners.partner_code,
    ----------  facts
    partners.country,
    partners.currency,
    partners.plan_name,
    ----------  counts
    coalesce(brought.client_count, 0) as client_count,
    coalesce(brought.funded_client_count, 0) as funded_client_count,
    ----------  flags
    partners.is_active,
    ----------  times
    partners.joined_at
from partners
left join brought on partners.partner_id = brought.partner_id
