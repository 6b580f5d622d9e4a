-- What each login role may do. Nothing is hard-deleted, so nobody has DELETE or TRUNCATE.
do $$
declare
  domain text;
begin
  foreach domain in array array['messaging', 'access', 'rules', 'clients', 'kyc', 'platforms', 'payments', 'partners', 'review'] loop
    execute format('grant usage on schema %I to kingpost_app, kingpost_extract', domain);
    execute format('grant select, insert, update on all tables in schema %I to kingpost_app', domain);
  end loop;
  foreach domain in array array['rules', 'clients', 'kyc', 'platforms', 'payments', 'partners', 'review'] loop
    execute format('grant select on all tables in schema %I to kingpost_extract', domain);
  end loop;
end $$;

-- What was decided, shown or told stays as it was written; a version is put in force and out of it.
revoke update on rules.decision, rules.table_version, review.evidence, payments.payment_event, partners.plan_version
from kingpost_app;
grant update (status, published_by, published_at) on rules.table_version to kingpost_app;
grant update (published_by, published_at) on partners.plan_version to kingpost_app;
grant update (is_applied) on payments.payment_event to kingpost_app;

-- Rate windows are forgotten when they are over; they are counters, not records.
grant delete on access.rate_window to kingpost_app;

grant usage on schema ledger to kingpost_app, kingpost_extract;
grant select on all tables in schema ledger to kingpost_app, kingpost_extract;
revoke execute on all functions in schema ledger from public;
grant execute on function
  ledger.open_account(text, text, text, uuid, boolean, bigint),
  ledger.post(text, text, timestamptz, text, bigint[], bigint[], text[], jsonb, text),
  ledger.reverse(bigint, text, text, timestamptz, text, jsonb),
  ledger.hold(text, bigint, bigint),
  ledger.void_hold(text)
to kingpost_app;
-- Trigger functions run as whoever commits.
grant execute on function ledger.check_journal(), ledger.check_entry(), ledger.refuse_change() to kingpost_app;

-- The lake never sees password hashes, one-time-code seeds, tokens, headers or callback bodies.
grant select (id, created_at, row_xid, name, is_active) on access."user" to kingpost_extract;
grant select on access.role_grant, access.approval to kingpost_extract;
grant select (id, created_at, row_xid, source, external_id, status, attempts, done_at, error)
  on messaging.inbox to kingpost_extract;
grant select on messaging.outbox to kingpost_extract;
