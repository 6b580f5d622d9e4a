-- Transfers between wallet and trading account that the platform must show as a balance deal.
select
    'transfer:' || transfers.transfer_id as expectation_key,
    'platform_deal' as leg,
    logins.server as counterpart,
    'transfer' as movement,
    concat_ws('/', logins.platform, logins.server, logins.login) as pool,
    transfers.transfer_reference as our_reference,
    true as is_named_alone,
    concat_ws('/', logins.platform, logins.server, transfers.deal) as external_reference,
    null::varchar as words,
    transfers.currency,
    transfers.amount_minor as expected_minor,
    coalesce(transfers.done_at, transfers.requested_at) as occurred_at,
    transfers.status <> 'done' as is_void,
    transfers.extract_id
from {{ ref("stg_platforms__transfers") }} as transfers
inner join {{ ref("stg_platforms__trading_accounts") }} as logins using (trading_account_id)
