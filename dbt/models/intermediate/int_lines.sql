-- Lines from outside that somebody must expect. Fees, currency conversions, reserves and payouts
-- of providers have no other side here.
with

bank_references as (
    select our_reference from {{ ref("fct_expectations") }}
    where leg = 'bank_line' and not is_void
    group by our_reference
    having count(*) = 1
),

bank as (
    select
        *,
        regexp_split_to_array(told, '[^A-Za-z0-9_-]+') as said
    from {{ ref("stg_bank__lines") }}
    where coalesce(transaction_subfamily, '') not in ('CHRG', 'FEES', 'COMM', 'INTR')
),

named as (
    select
        said.line_id,
        min(said.word) as our_reference
    from (
        select
            line_id,
            unnest(said) as word
        from bank
    ) as said
    semi join bank_references on said.word = bank_references.our_reference
    group by said.line_id
),

uninformative as (
    select list(upper(word)) as uninformative_words from {{ ref("bank_words") }}
)

select
    line_id,
    'psp_line' as leg,
    psp as counterpart,
    movement,
    psp as pool,
    our_reference,
    operation_id as external_reference,
    null::varchar as words,
    currency,
    gross_minor as actual_minor,
    fee_minor,
    booked_at,
    false as is_void,
    file_name,
    line_no,
    extract_id
from {{ ref("stg_psp__lines") }}
where
    movement in (
        'deposit', 'refund', 'refund_failed', 'chargeback', 'chargeback_won', 'second_chargeback'
    )
union all
select
    bank.line_id,
    'bank_line' as leg,
    bank.account as counterpart,
    'booking' as movement,
    'bank' as pool,
    named.our_reference,
    null as external_reference,
    {{ telling_words("bank.told", "uninformative.uninformative_words") }} as words,
    bank.currency,
    bank.amount_minor as actual_minor,
    0 as fee_minor,
    bank.booked_at,
    false as is_void,
    bank.file_name,
    bank.line_no,
    bank.extract_id
from bank
left join named on bank.line_id = named.line_id
cross join uninformative
union all
select
    concat_ws('/', deals.platform, deals.server, deals.deal) as line_id,
    'platform_deal' as leg,
    deals.server as counterpart,
    'transfer' as movement,
    concat_ws('/', deals.platform, deals.server, deals.login) as pool,
    nullif(deals.deal_comment, '') as our_reference,
    line_id as external_reference,
    null as words,
    logins.currency,
    (deals.profit * logins.minor_per_unit)::bigint as actual_minor,
    0 as fee_minor,
    deals.executed_at as booked_at,
    deals.is_deleted as is_void,
    concat_ws('/', deals.platform, deals.server) as file_name,
    deals.deal as line_no,
    greatest(deals.extract_id, logins.extract_id) as extract_id
from {{ ref("stg_platform__deals") }} as deals
inner join {{ ref("int_accounts_owned") }} as logins using (platform, server, login)
where deals.is_balance
