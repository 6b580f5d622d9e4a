-- Whose a login is. An account's row changes with every balance seen; only a change of owner or
-- currency gets a new extract_id here, or each look at the platform would rebuild every trade.
{{ config(materialized="incremental", unique_key=["trading_account_id"]) }}

with

accounts as (
    select * from {{ ref("stg_platforms__trading_accounts") }}
    where login is not null
),

currencies as (
    select * from {{ ref("stg_reference__currencies") }}
)

select
    accounts.trading_account_id,
    accounts.platform,
    accounts.server,
    accounts.login,
    accounts.client_id,
    accounts.currency,
    currencies.minor_per_unit,
    accounts.extract_id
from accounts
inner join currencies on accounts.currency = currencies.currency
{% if is_incremental() %}
    anti join {{ this }} as held
        on
            accounts.trading_account_id = held.trading_account_id
            and accounts.platform = held.platform
            and accounts.server = held.server
            and accounts.login = held.login
            and accounts.client_id = held.client_id
            and accounts.currency = held.currency
{% endif %}
