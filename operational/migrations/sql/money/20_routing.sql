-- What became of asking each PSP, its breakers and switches; and samples of refused callbacks.
create table payments.attempt (
  payment_id uuid not null,
  psp varchar not null,
  method varchar not null,
  country varchar not null,
  currency varchar not null,
  amount_minor bigint not null,
  is_probe boolean not null,
  outcome varchar default 'asked' not null,
  reason varchar,
  asked_at timestamp with time zone not null,
  answered_at timestamp with time zone,
  ended_at timestamp with time zone,
  id uuid not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  row_xid xid8 default pg_current_xact_id() not null,
  constraint pk_attempt primary key (id),
  constraint uq_attempt_payment_id_psp unique (payment_id, psp),
  constraint ck_attempt_outcome check (
    outcome in ('asked', 'opened', 'refused', 'unanswered', 'skipped', 'paid', 'declined', 'abandoned')),
  constraint fk_attempt_payment_id_payment foreign key (payment_id) references payments.payment (id)
);
create index ix_attempt_asked on payments.attempt (psp, method, asked_at);
create index ix_attempt_answered on payments.attempt (psp, method, answered_at);
create index ix_payments_attempt_row_xid on payments.attempt (row_xid);

create table payments.breaker (
  psp varchar not null,
  method varchar not null,
  state varchar default 'closed' not null,
  since timestamp with time zone not null,
  retry_at timestamp with time zone,
  openings integer default '0' not null,
  probe_payment_id uuid,
  probe_until timestamp with time zone,
  id uuid not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  row_xid xid8 default pg_current_xact_id() not null,
  constraint pk_breaker primary key (id),
  constraint uq_breaker_psp_method unique (psp, method),
  constraint ck_breaker_state check (state in ('closed', 'open', 'half_open'))
);
create index ix_payments_breaker_row_xid on payments.breaker (row_xid);

create table payments.psp_switch (
  psp varchar not null,
  method varchar not null,
  reason varchar not null,
  off_by varchar not null,
  off_at timestamp with time zone not null,
  on_by varchar,
  on_at timestamp with time zone,
  on_reason varchar,
  id uuid not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  row_xid xid8 default pg_current_xact_id() not null,
  constraint pk_psp_switch primary key (id)
);
create unique index uq_psp_switch_off on payments.psp_switch (psp, method) where on_at is null;
create index ix_payments_psp_switch_row_xid on payments.psp_switch (row_xid);

create table messaging.refused_sample (
  source varchar not null,
  day timestamp with time zone not null,
  number integer not null,
  reason varchar not null,
  headers jsonb not null,
  body bytea not null,
  received_at timestamp with time zone not null,
  constraint pk_refused_sample primary key (source, day, number),
  constraint ck_refused_sample_number check (number between 1 and 100)
);

create index ix_inbox_parked on messaging.inbox (id) where status = 'parked';
create index ix_outbox_aggregate on messaging.outbox (aggregate, seq);

grant select, insert, update on payments.attempt, payments.breaker, payments.psp_switch to kingpost_app;
grant select on payments.attempt, payments.breaker, payments.psp_switch to kingpost_extract;
grant select, insert on messaging.refused_sample to kingpost_app;
