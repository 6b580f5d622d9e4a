-- Whose reports reach us: providers that send lines, those whose payouts a bank has shown, servers.
-- Nothing can be missing where nobody tells.
with

providers as (
    select distinct psp from {{ ref("stg_psp__lines") }}
),

bank as (
    select upper(told) as told from {{ ref("stg_bank__lines") }}
)

select
    'psp_line' as leg,
    psp as counterpart
from providers
union all
select
    'bank_line' as leg,
    providers.psp as counterpart
from providers
semi join bank on contains(bank.told, upper(providers.psp))
union all
select
    'bank_line' as leg,
    'bank' as counterpart
where (select count(*) from bank) > 0
union all
select distinct
    'platform_deal' as leg,
    server as counterpart
from {{ ref("stg_platform__deals") }}
