-- Which partner a client's trades count for, from when to when, and by which plan.
with

clients as (
    select * from {{ ref("stg_clients__clients") }}
),

attributions as (
    select * from {{ ref("stg_partners__attributions") }}
),

partners as (
    select * from {{ ref("stg_partners__partners") }}
)

select
    attributions.attribution_id,
    attributions.client_id,
    attributions.partner_id,
    partners.plan_name,
    partners.user_id = clients.user_id as is_own,
    attributions.valid_from,
    attributions.valid_to,
    greatest(attributions.extract_id, partners.extract_id) as extract_id
from attributions
inner join partners on attributions.partner_id = partners.partner_id
inner join clients on attributions.client_id = clients.client_id
