-- Codes of MetaTrader 5: action 0 buys, 1 sells, 13 and 14 are those cancelled; entry 0 opens
-- a position, 1 closes, 2 reverses, 3 closes by an opposite position.
select
    ----------  ids
    platform,
    server,
    deal,
    login,
    position,
    ----------  facts
    symbol,
    action,
    entry,
    action in (0, 13) as is_buy,
    action in (0, 1, 13, 14) as is_trade,
    action in (13, 14) as is_cancelled,
    action = 2 as is_balance,
    entry in (0, 2) as is_opening,
    entry in (1, 2, 3) as is_closing,
    is_deleted,
    comment as deal_comment,
    case
        when is_deleted then 'deleted'
        when is_cancelled then 'cancelled'
        -- Synchronisation, external service, migration, split, corporate action.
        when reason in (13, 14, 15, 18, 19) then 'not_by_trading'
    end as exclusion_reason,
    ----------  volume and money, in the account's currency
    volume_e8,
    volume_closed_e8,
    profit,
    swap,
    commission,
    fee,
    ----------  times
    executed_at,
    -- The platform's day is the date its own clock shows: swaps and statements turn over with it.
    server_time::date as trading_day,
    extract_id
from {{ source("raw", "platform__deals") }}
