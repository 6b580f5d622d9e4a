-- Money to clients: withdrawals, their payouts, what was told of them, destinations and votes.

create table payments.destination (
  client_id uuid not null,
  method varchar not null,
  label varchar not null,
  details bytea not null,
  details_sha256 bytea not null,
  holder_name varchar not null,
  holder_match_percent integer not null,
  status varchar default 'pending' not null,
  added_at timestamp with time zone not null,
  decided_at timestamp with time zone,
  decided_by uuid,
  decision_note varchar,
  usable_from timestamp with time zone,
  id uuid not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  row_xid xid8 default pg_current_xact_id() not null,
  constraint pk_destination primary key (id),
  constraint ck_destination_status check (status in ('pending', 'approved', 'refused', 'suspended', 'removed')),
  constraint fk_destination_client_id_client foreign key (client_id) references clients.client (id)
);
create index ix_destination_details on payments.destination (details_sha256);
create index ix_destination_pending on payments.destination (added_at) where status = 'pending';
create index ix_payments_destination_client_id on payments.destination (client_id);
create index ix_payments_destination_row_xid on payments.destination (row_xid);
create unique index uq_destination_live on payments.destination (client_id, details_sha256) where status <> 'removed';

create table payments.withdrawal (
  reference varchar not null,
  client_id uuid not null,
  amount_minor bigint not null,
  currency varchar not null,
  amount_usd integer not null,
  status varchar default 'review' not null,
  decision_id uuid not null,
  votes_needed integer default '1' not null,
  session_id uuid,
  ip varchar,
  requested_at timestamp with time zone not null,
  decided_at timestamp with time zone,
  ended_at timestamp with time zone,
  id uuid not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  row_xid xid8 default pg_current_xact_id() not null,
  constraint pk_withdrawal primary key (id),
  constraint ck_withdrawal_amount check (amount_minor > 0),
  constraint ck_withdrawal_status check (
      status in ('review', 'approved', 'paid', 'partly_paid', 'failed', 'returned', 'refused', 'cancelled')
  ),
  constraint uq_withdrawal_reference unique (reference),
  constraint fk_withdrawal_client_id_client foreign key (client_id) references clients.client (id),
  constraint fk_withdrawal_decision_id_decision foreign key (decision_id) references rules.decision (id)
);
create index ix_payments_withdrawal_row_xid on payments.withdrawal (row_xid);
create index ix_withdrawal_client on payments.withdrawal (client_id, requested_at);
create index ix_withdrawal_open on payments.withdrawal (requested_at) where status in ('review', 'approved');

create table payments.withdrawal_vote (
  withdrawal_id uuid not null,
  voter_id uuid not null,
  voter_name varchar not null,
  verdict varchar not null,
  note varchar not null,
  plan_sha256 bytea not null,
  evidence_id uuid not null,
  voted_at timestamp with time zone not null,
  id uuid not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  row_xid xid8 default pg_current_xact_id() not null,
  constraint pk_withdrawal_vote primary key (id),
  constraint uq_withdrawal_vote_withdrawal_id_voter_id unique (withdrawal_id, voter_id),
  constraint ck_withdrawal_vote_verdict check (verdict in ('approved', 'refused')),
  constraint fk_withdrawal_vote_withdrawal_id_withdrawal foreign key (withdrawal_id) references payments.withdrawal (id)
);
create index ix_payments_withdrawal_vote_row_xid on payments.withdrawal_vote (row_xid);

create table payments.payout (
  reference varchar not null,
  client_id uuid not null,
  withdrawal_id uuid,
  payment_id uuid,
  destination_id uuid,
  replaces_id uuid,
  psp varchar not null,
  fallback_psps jsonb not null,
  method varchar not null,
  country varchar not null,
  amount_minor bigint not null,
  currency varchar not null,
  status varchar default 'planned' not null,
  psp_payout_id varchar,
  failure_reason varchar,
  is_paid_without_hold boolean default false not null,
  planned_at timestamp with time zone not null,
  queued_at timestamp with time zone,
  sent_at timestamp with time zone,
  paid_at timestamp with time zone,
  ended_at timestamp with time zone,
  polled_at timestamp with time zone,
  id uuid not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  row_xid xid8 default pg_current_xact_id() not null,
  constraint pk_payout primary key (id),
  constraint ck_payout_amount check (amount_minor > 0),
  constraint ck_payout_one_way check ((payment_id is null) <> (destination_id is null)),
  constraint ck_payout_status check (
      status in ('planned', 'queued', 'in_doubt', 'sent', 'paid', 'failed', 'returned', 'cancelled')
  ),
  constraint uq_payout_replaces_id unique (replaces_id),
  constraint uq_payout_reference unique (reference),
  constraint fk_payout_client_id_client foreign key (client_id) references clients.client (id),
  constraint fk_payout_withdrawal_id_withdrawal foreign key (withdrawal_id) references payments.withdrawal (id),
  constraint fk_payout_payment_id_payment foreign key (payment_id) references payments.payment (id),
  constraint fk_payout_destination_id_destination foreign key (destination_id) references payments.destination (id),
  constraint fk_payout_replaces_id_payout foreign key (replaces_id) references payments.payout (id)
);
create index ix_payments_payout_client_id on payments.payout (client_id);
create index ix_payments_payout_destination_id on payments.payout (destination_id);
create index ix_payments_payout_payment_id on payments.payout (payment_id);
create index ix_payments_payout_row_xid on payments.payout (row_xid);
create index ix_payments_payout_withdrawal_id on payments.payout (withdrawal_id);
create index ix_payout_undecided on payments.payout (polled_at) where status in ('queued', 'in_doubt', 'sent');
create unique index uq_payout_psp_payout_id on payments.payout (psp, psp_payout_id);

create table payments.payout_event (
  payout_id uuid not null,
  psp varchar not null,
  external_id varchar not null,
  news varchar not null,
  operation_id varchar not null,
  amount_minor bigint not null,
  currency varchar not null,
  is_applied boolean not null,
  occurred_at timestamp with time zone not null,
  recorded_at timestamp with time zone not null,
  details jsonb not null,
  id uuid not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  row_xid xid8 default pg_current_xact_id() not null,
  constraint pk_payout_event primary key (id),
  constraint uq_payout_event_psp_external_id unique (psp, external_id),
  constraint fk_payout_event_payout_id_payout foreign key (payout_id) references payments.payout (id)
);
create index ix_payments_payout_event_payout_id on payments.payout_event (payout_id);
create index ix_payments_payout_event_row_xid on payments.payout_event (row_xid);

-- What was asked for, agreed on or told stays as it was written; only how it goes on changes.
create trigger withdrawal_is_kept before update on payments.withdrawal for each row
  when (
    (old.client_id, old.amount_minor, old.currency, old.decision_id)
    is distinct from (new.client_id, new.amount_minor, new.currency, new.decision_id))
  execute function kit.refuse_change();
create trigger payout_is_kept before update on payments.payout for each row
  when (
    (old.client_id, old.withdrawal_id, old.payment_id, old.destination_id, old.replaces_id,
      old.psp, old.reference, old.amount_minor, old.currency)
    is distinct from
    (new.client_id, new.withdrawal_id, new.payment_id, new.destination_id, new.replaces_id,
      new.psp, new.reference, new.amount_minor, new.currency))
  execute function kit.refuse_change();
create trigger destination_is_kept before update on payments.destination for each row
  when (
    (old.client_id, old.method, old.details, old.holder_name)
    is distinct from (new.client_id, new.method, new.details, new.holder_name))
  execute function kit.refuse_change();
create trigger payout_event_is_final before update on payments.payout_event for each row
  when (to_jsonb(new) - array['is_applied', 'row_xid'] <> to_jsonb(old) - array['is_applied', 'row_xid'])
  execute function kit.refuse_change();
create trigger withdrawal_vote_is_final before update or delete on payments.withdrawal_vote
  for each row execute function kit.refuse_change();

grant select, insert, update
on payments.destination, payments.withdrawal, payments.payout, payments.payout_event, payments.withdrawal_vote
to kingpost_app;
revoke update on payments.payout_event, payments.withdrawal_vote from kingpost_app;
grant update (is_applied) on payments.payout_event to kingpost_app;
grant select on payments.withdrawal, payments.payout, payments.payout_event, payments.withdrawal_vote
to kingpost_extract;
-- The lake sees that there is a destination, not which account it is.
grant select (
  id, created_at, row_xid, client_id, method, holder_match_percent, status, added_at, decided_at, usable_from
) on payments.destination to kingpost_extract;
