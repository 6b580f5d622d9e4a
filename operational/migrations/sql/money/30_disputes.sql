-- Deposits a client's bank questions, and the evidence made for them.

create table payments.dispute (
  reference varchar not null,
  payment_id uuid not null,
  client_id uuid not null,
  psp varchar not null,
  psp_dispute_id varchar not null,
  amount_minor bigint not null,
  currency varchar not null,
  stage varchar not null,
  reason varchar,
  network_reason varchar,
  due_at timestamp with time zone,
  opened_at timestamp with time zone not null,
  staged_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  answer varchar,
  answer_status varchar,
  answer_refusal varchar,
  answered_at timestamp with time zone,
  id uuid not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  row_xid xid8 default pg_current_xact_id() not null,
  constraint pk_dispute primary key (id),
  constraint uq_dispute_psp_psp_dispute_id unique (psp, psp_dispute_id),
  constraint ck_dispute_amount check (amount_minor > 0),
  constraint ck_dispute_answer check (answer in ('evidence', 'accepted')),
  constraint ck_dispute_answer_status check (answer_status in ('sending', 'sent', 'refused', 'by_hand')),
  constraint uq_dispute_reference unique (reference),
  constraint fk_dispute_payment_id_payment foreign key (payment_id) references payments.payment (id),
  constraint fk_dispute_client_id_client foreign key (client_id) references clients.client (id)
);
create index ix_dispute_open on payments.dispute (due_at) where ended_at is null;
create index ix_payments_dispute_client_id on payments.dispute (client_id);
create index ix_payments_dispute_payment_id on payments.dispute (payment_id);
create index ix_payments_dispute_row_xid on payments.dispute (row_xid);

create table payments.evidence_pack (
  dispute_id uuid not null,
  content bytea not null,
  content_sha256 bytea not null,
  summary jsonb not null,
  made_at timestamp with time zone not null,
  made_by uuid not null,
  made_by_name varchar not null,
  id uuid not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  row_xid xid8 default pg_current_xact_id() not null,
  constraint pk_evidence_pack primary key (id),
  constraint fk_evidence_pack_dispute_id_dispute foreign key (dispute_id) references payments.dispute (id)
);
create index ix_payments_evidence_pack_dispute_id on payments.evidence_pack (dispute_id);
create index ix_payments_evidence_pack_row_xid on payments.evidence_pack (row_xid);

-- What was sent to a bank stays as it was sent.
create trigger evidence_pack_is_final before update or delete on payments.evidence_pack
  for each row execute function kit.refuse_change();

grant select, insert, update on payments.dispute to kingpost_app;
grant select, insert on payments.evidence_pack to kingpost_app;
-- The pack is about one person; the lake counts disputes.
grant select on payments.dispute to kingpost_extract;
