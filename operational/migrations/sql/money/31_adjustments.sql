-- Money moved by hand, always by two persons. What waits for the second one may be waited for too long.

alter table access.approval add column expires_at timestamp with time zone;
alter table access.approval drop constraint ck_approval_status;
alter table access.approval add constraint ck_approval_status
  check (status in ('waiting', 'approved', 'refused', 'expired'));

create table payments.adjustment (
  reference varchar not null,
  client_id uuid not null,
  amount_minor bigint not null,
  currency varchar not null,
  amount_usd integer not null,
  reason_code varchar not null,
  note varchar not null,
  agrees varchar not null,
  decision_id uuid not null,
  approval_id uuid not null,
  reverses_id uuid,
  status varchar default 'waiting' not null,
  asked_by uuid not null,
  asked_by_name varchar not null,
  asked_at timestamp with time zone not null,
  decided_by uuid,
  decided_by_name varchar,
  decided_at timestamp with time zone,
  id uuid not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  row_xid xid8 default pg_current_xact_id() not null,
  constraint pk_adjustment primary key (id),
  constraint ck_adjustment_amount check (amount_minor <> 0),
  constraint ck_adjustment_status check (status in ('waiting', 'posted', 'refused', 'expired')),
  constraint ck_adjustment_two_persons check (decided_by is null or decided_by <> asked_by),
  constraint ck_adjustment_agreed check (status <> 'posted' or decided_by is not null),
  constraint uq_adjustment_reference unique (reference),
  constraint fk_adjustment_client_id_client foreign key (client_id) references clients.client (id),
  constraint fk_adjustment_decision_id_decision foreign key (decision_id) references rules.decision (id),
  constraint uq_adjustment_approval_id unique (approval_id),
  constraint fk_adjustment_approval_id_approval foreign key (approval_id) references access.approval (id),
  constraint fk_adjustment_reverses_id_adjustment foreign key (reverses_id) references payments.adjustment (id)
);
create index ix_adjustment_asked_by on payments.adjustment (asked_by, asked_at);
create index ix_adjustment_client on payments.adjustment (client_id, asked_at);
create index ix_adjustment_waiting on payments.adjustment (asked_at) where status = 'waiting';
create index ix_payments_adjustment_row_xid on payments.adjustment (row_xid);
create unique index uq_adjustment_reverses on payments.adjustment (reverses_id) where status in ('waiting', 'posted');

-- What was asked for stays as it was asked for; it is decided once.
create trigger adjustment_is_final before update on payments.adjustment for each row
  when (
    old.status <> 'waiting'
    or to_jsonb(new) - array['status', 'decided_by', 'decided_by_name', 'decided_at', 'row_xid']
    <> to_jsonb(old) - array['status', 'decided_by', 'decided_by_name', 'decided_at', 'row_xid'])
  execute function kit.refuse_change();

grant select, insert on payments.adjustment to kingpost_app;
grant update (status, decided_by, decided_by_name, decided_at) on payments.adjustment to kingpost_app;
grant select on payments.adjustment to kingpost_extract;
