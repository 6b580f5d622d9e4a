-- The audit log can only grow. Privileges come first, triggers second (an owner's own mistake).
create function audit.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% of %.% is not allowed: the audit log only grows', tg_op, tg_table_schema, tg_table_name
    using errcode = 'insufficient_privilege';
end $$;

do $$
declare
  target text;
begin
  foreach target in array array['event', 'sealed', 'checkpoint'] loop
    execute format(
      'create trigger is_final before update or delete on audit.%I for each row execute function audit.refuse_change()',
      target);
    execute format(
      'create trigger is_kept before truncate on audit.%I for each statement execute function audit.refuse_change()',
      target);
  end loop;
end $$;

grant usage on schema audit to kingpost_app, kingpost_sealer, kingpost_extract;

-- Every column but row_xid: with a row_xid of its choice a row could hide behind the sealer.
grant insert (
  id, at, actor_id, actor_name, role, session_id, ip, verb, subject_kind, subject_id, reason, before, after,
  rule_version, decision_id, evidence_id, request_id, pii_commitment, leaf
) on audit.event to kingpost_app;
grant select on audit.event, audit.sealed, audit.checkpoint to kingpost_app, kingpost_extract;
grant select, insert on audit.personal, audit.personal_key to kingpost_app;

-- The sealer sees hashes, never who did what.
grant select (id, row_xid, leaf) on audit.event to kingpost_sealer;
grant select, insert on audit.sealed, audit.checkpoint to kingpost_sealer;
