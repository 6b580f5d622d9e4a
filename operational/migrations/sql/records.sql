-- What was decided, shown or told stays as it was written, whoever asks. Privileges come first
-- (grants.sql), triggers second (an owner's own mistake).
create function kit.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% of %.% is not allowed: a record stays as it was written', tg_op, tg_table_schema, tg_table_name
    using errcode = 'insufficient_privilege';
end $$;

create trigger decision_is_final before update or delete on rules.decision
  for each row execute function kit.refuse_change();
create trigger evidence_is_final before update or delete on review.evidence
  for each row execute function kit.refuse_change();
create trigger payment_event_is_final before update on payments.payment_event for each row
  when (to_jsonb(new) - array['is_applied', 'row_xid'] <> to_jsonb(old) - array['is_applied', 'row_xid'])
  execute function kit.refuse_change();

-- Two persons agreed on a published version; from then on it can only be taken out of force.
create trigger table_version_is_final before update on rules.table_version for each row
  when (
    old.published_by is not null
    and to_jsonb(new) - array['status', 'row_xid'] <> to_jsonb(old) - array['status', 'row_xid'])
  execute function kit.refuse_change();
create trigger plan_version_is_final before update on partners.plan_version for each row
  when (old.published_by is not null and to_jsonb(new) - 'row_xid' <> to_jsonb(old) - 'row_xid')
  execute function kit.refuse_change();
