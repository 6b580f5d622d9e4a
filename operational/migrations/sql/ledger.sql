-- The ledger's one door. The application may execute these functions and read the tables; it owns
-- nothing and cannot write a row. Privileges come first, triggers second (an owner's own mistake).

-- At commit, and again inside post(): a journal has at least two legs and sums to zero per currency.
create function ledger.check_journal() returns trigger language plpgsql
set plan_cache_mode = force_generic_plan as $$
begin
  if (select count(*) from ledger.entry where journal_id = new.id) < 2 then
    raise exception 'journal % has fewer than two legs', new.id using errcode = 'check_violation';
  end if;
  return null;
end $$;

create function ledger.check_entry() returns trigger language plpgsql
set plan_cache_mode = force_generic_plan as $$
begin
  if exists (select from ledger.entry where journal_id = new.journal_id group by currency having sum(amount) <> 0) then
    raise exception 'journal % does not sum to zero', new.journal_id using errcode = 'check_violation';
  end if;
  return null;
end $$;

create constraint trigger journal_balanced after insert on ledger.journal
  deferrable initially deferred for each row execute function ledger.check_journal();
create constraint trigger entry_balanced after insert on ledger.entry
  deferrable initially deferred for each row execute function ledger.check_entry();

create function ledger.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% of %.% is not allowed: a correction is a reversal', tg_op, tg_table_schema, tg_table_name
    using errcode = 'insufficient_privilege';
end $$;

do $$
declare
  target text;
begin
  -- Balances and holds move with the money; all else stays as it was written.
  foreach target in array array['currency', 'account', 'journal', 'entry'] loop
    execute format(
      'create trigger %1$s_is_final before update or delete on ledger.%1$I '
      'for each row execute function ledger.refuse_change()',
      target);
  end loop;
  foreach target in array array['balance', 'hold'] loop
    execute format(
      'create trigger %1$s_stays before delete on ledger.%1$I for each row execute function ledger.refuse_change()',
      target);
  end loop;
  foreach target in array array['currency', 'account', 'journal', 'entry', 'balance', 'hold'] loop
    execute format(
      'create trigger %1$s_is_kept before truncate on ledger.%1$I '
      'for each statement execute function ledger.refuse_change()',
      target);
  end loop;
end $$;
create trigger hold_ends_once before update on ledger.hold for each row
  when (old.status <> 'held' or (new.op_key, new.account_id, new.amount) <> (old.op_key, old.account_id, old.amount))
  execute function ledger.refuse_change();

-- Open an account, or find it. A cached account gets its balance row at once, so that it can be locked.
create function ledger.open_account(
  p_code text, p_kind text, p_currency text, p_owner uuid, p_is_cached boolean, p_floor bigint
) returns bigint language plpgsql security definer set search_path = ledger, pg_temp as $$
declare
  account_found record;
begin
  select id, kind, currency, owner_id, is_cached into account_found from account where code = p_code;
  if not found then
    insert into account (code, kind, currency, owner_id, is_cached)
    values (p_code, p_kind, p_currency, p_owner, p_is_cached)
    on conflict (code) do nothing;
    select id, kind, currency, owner_id, is_cached into strict account_found from account where code = p_code;
  end if;
  if (account_found.kind, account_found.currency, account_found.owner_id, account_found.is_cached)
     is distinct from (p_kind, p_currency, p_owner, p_is_cached) then
    raise exception 'account % exists and differs', p_code using errcode = 'unique_violation';
  end if;
  if p_is_cached then
    insert into balance (account_id, floor) values (account_found.id, p_floor) on conflict do nothing;
  end if;
  return account_found.id;
end $$;

-- What post() and reverse() have in common; nobody but they may call it.
--
-- Written for speed where it costs no rule. Plans are generic (the callers say so): planning for the
-- arrays at hand took longer than the posting itself. What locks a client's balance comes last, and in
-- the order of ids, so that a busy wallet is held for little more than its commit, and no two postings
-- wait for each other. Whoever needs a hold locks its balance first.
create function ledger.write_journal(
  p_op_key text, p_kind text, p_effective_at timestamptz, p_actor text,
  p_accounts bigint[], p_amounts bigint[], p_currencies text[], p_meta jsonb, p_reverses bigint, p_settles text
) returns bigint language plpgsql as $$
declare
  v_journal bigint;
  v_posted bigint;
  v_written integer := 0;
  leg record;
begin
  if cardinality(p_accounts) < 2 or cardinality(p_accounts) <> cardinality(p_amounts) then
    raise exception 'a journal needs two or more legs, each with an amount' using errcode = 'check_violation';
  end if;

  insert into journal (op_key, kind, effective_at, actor, meta, reverses)
  values (p_op_key, p_kind, p_effective_at, p_actor, p_meta, p_reverses)
  on conflict (op_key) do nothing returning id into v_journal;
  if v_journal is null then
    return posted_before(p_op_key, p_accounts, p_amounts);
  end if;

  if p_settles is not null then
    perform from balance where account_id = any (p_accounts) order by account_id for no key update;
    perform settle_hold(p_settles, p_accounts, p_amounts);
  end if;
  for leg in
    select account.id, account.currency, account.is_cached, given.amount,
           sum(given.amount) over (partition by account.currency) as total
    from unnest(p_accounts, p_amounts, p_currencies) as given (account_id, amount, currency)
    join account on account.id = given.account_id and account.currency = given.currency
    order by account.is_cached, account.id
  loop
    if leg.total <> 0 then
      raise exception 'legs of % do not sum to zero', p_op_key using errcode = 'check_violation';
    end if;
    v_posted := null;
    if leg.is_cached then
      update balance set posted = posted + leg.amount, row_xid = pg_current_xact_id()
      where account_id = leg.id returning posted into strict v_posted;
    end if;
    insert into entry (journal_id, account_id, currency, amount, balance_after)
    values (v_journal, leg.id, leg.currency, leg.amount, v_posted);
    v_written := v_written + 1;
  end loop;
  if v_written <> cardinality(p_accounts) then
    raise exception 'a leg names an account that does not exist in its currency' using errcode = 'foreign_key_violation';
  end if;
  return v_journal;
end $$;

-- Post one journal: legs are parallel arrays of account, credited minor units and their currency.
-- The same key with the same legs answers with the first journal; with other legs it is refused.
-- p_settles names a hold that a leg of this journal takes its money from.
create function ledger.post(
  p_op_key text, p_kind text, p_effective_at timestamptz, p_actor text,
  p_accounts bigint[], p_amounts bigint[], p_currencies text[], p_meta jsonb default '{}', p_settles text default null
) returns bigint language plpgsql security definer
set search_path = ledger, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  return write_journal(
    p_op_key, p_kind, p_effective_at, p_actor, p_accounts, p_amounts, p_currencies, p_meta, null, p_settles);
end $$;

create function ledger.posted_before(p_op_key text, p_accounts bigint[], p_amounts bigint[])
returns bigint language plpgsql security definer set search_path = ledger, pg_temp as $$
declare
  v_journal bigint;
begin
  select id into strict v_journal from journal where op_key = p_op_key;
  if exists (
    (select account_id, amount from entry where journal_id = v_journal
     except select * from unnest(p_accounts, p_amounts))
    union all
    (select * from unnest(p_accounts, p_amounts)
     except select account_id, amount from entry where journal_id = v_journal)
  ) then
    raise exception 'operation % was posted before with other legs', p_op_key using errcode = 'unique_violation';
  end if;
  return v_journal;
end $$;

-- A correction: the same legs with the other sign. `journal.reverses` is unique, so at most once.
create function ledger.reverse(
  p_journal bigint, p_op_key text, p_kind text, p_effective_at timestamptz, p_actor text, p_meta jsonb default '{}'
) returns bigint language plpgsql security definer
set search_path = ledger, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  return (
    select write_journal(
      p_op_key, p_kind, p_effective_at, p_actor,
      array_agg(account_id order by account_id), array_agg(-amount order by account_id),
      array_agg(currency order by account_id), p_meta, p_journal, null)
    from entry where journal_id = p_journal);
end $$;

-- Set money aside. The floor on the balance row refuses what is not there.
create function ledger.hold(p_op_key text, p_account bigint, p_amount bigint)
returns void language plpgsql security definer set search_path = ledger, pg_temp as $$
begin
  insert into hold (op_key, account_id, amount) values (p_op_key, p_account, p_amount);
  update balance set held = held + p_amount where account_id = p_account;
end $$;

-- End a hold, once. The balance is locked before the hold, here and in post(): one order, no deadlock.
create function ledger.end_hold(p_op_key text, p_status text) returns ledger.hold language plpgsql as $$
declare
  ended ledger.hold;
begin
  perform from balance where account_id = (select account_id from hold where op_key = p_op_key) for no key update;
  update hold set status = p_status, ended_at = clock_timestamp()
  where op_key = p_op_key and status = 'held' returning * into ended;
  if not found then
    raise exception 'hold % is not held', p_op_key using errcode = 'check_violation', constraint = 'hold_is_held';
  end if;
  update balance set held = held - ended.amount where account_id = ended.account_id;
  return ended;
end $$;

-- Free a hold for the journal at hand, which must take its money from the same account, and no more.
create function ledger.settle_hold(p_op_key text, p_accounts bigint[], p_amounts bigint[])
returns void language plpgsql as $$
declare
  ended ledger.hold := ledger.end_hold(p_op_key, 'settled');
begin
  if not exists (
    select from unnest(p_accounts, p_amounts) as leg (account_id, amount)
    where leg.account_id = ended.account_id and -leg.amount between 1 and ended.amount
  ) then
    raise exception 'hold % is of % on account %, which the journal does not take', p_op_key, ended.amount, ended.account_id
      using errcode = 'check_violation', constraint = 'hold_covers';
  end if;
end $$;

create function ledger.void_hold(p_op_key text)
returns void language plpgsql security definer set search_path = ledger, pg_temp as $$
begin
  perform end_hold(p_op_key, 'voided');
end $$;
