-- `row_xid` names the transaction that last wrote a row; see operational.kit.db.Ingested.
-- Run again after tables were added, it sees to those that are new.
create schema if not exists kit;

create or replace function kit.touch_row_xid() returns trigger language plpgsql as $$
begin
  new.row_xid := pg_current_xact_id();
  return new;
end $$;

do $$
declare
  target record;
begin
  for target in
    select table_schema, table_name
    from information_schema.columns
    where column_name = 'row_xid' and table_schema not in ('pg_catalog', 'information_schema')
      and not exists (
        select from pg_trigger
        where tgname = 'touch_row_xid' and tgrelid = format('%I.%I', table_schema, table_name)::regclass)
  loop
    execute format(
      -- A statement that set it itself is not touched again: that costs a busy row a function call.
      'create trigger touch_row_xid before update on %I.%I for each row '
      'when (new.row_xid is distinct from pg_current_xact_id()) execute function kit.touch_row_xid()',
      target.table_schema, target.table_name);
  end loop;
end $$;
