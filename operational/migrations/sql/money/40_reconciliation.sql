-- Breaks as people work on them, what was decided about each, and the daily client-money report.
create schema reconciliation;

create table reconciliation.break_item (
  reference varchar not null,
  break_key varchar not null,
  leg varchar not null,
  kind varchar not null,
  counterpart varchar not null,
  our_reference varchar,
  external_reference varchar,
  currency varchar not null,
  expected_minor bigint,
  actual_minor bigint,
  difference_minor bigint not null,
  severity varchar not null,
  details jsonb not null,
  occurred_at timestamp with time zone not null,
  due_at timestamp with time zone not null,
  found_at timestamp with time zone not null,
  status varchar default 'open' not null,
  owner_id uuid,
  deadline_at timestamp with time zone not null,
  decision_id uuid not null,
  wait_until timestamp with time zone,
  closed_at timestamp with time zone,
  follows_id uuid,
  id uuid not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  row_xid xid8 default pg_current_xact_id() not null,
  constraint pk_break_item primary key (id),
  constraint uq_break_item_reference unique (reference),
  constraint ck_break_item_status check (
    status in ('open', 'assigned', 'investigating', 'waiting',
    'resolved_matched', 'resolved_adjustment', 'written_off', 'void')
  ),
  constraint ck_break_item_closed check (
    (closed_at is null) = (status in ('open', 'assigned', 'investigating', 'waiting'))
  ),
  constraint ck_break_item_waiting check ((wait_until is null) = (status <> 'waiting')),
  constraint fk_break_item_follows_id_break_item foreign key (follows_id) references reconciliation.break_item (id),
  constraint fk_break_item_owner_id_user foreign key (owner_id) references access."user" (id)
);
create index ix_reconciliation_break_item_row_xid on reconciliation.break_item (row_xid);
create index ix_break_item_key on reconciliation.break_item (break_key);
create unique index uq_break_item_open on reconciliation.break_item (break_key) where closed_at is null;

create table reconciliation.break_event (
  break_id uuid not null,
  verb varchar not null,
  actor_id varchar not null,
  note varchar,
  facts jsonb not null,
  at timestamp with time zone not null,
  id uuid not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  row_xid xid8 default pg_current_xact_id() not null,
  constraint pk_break_event primary key (id),
  constraint fk_break_event_break_id_break_item foreign key (break_id) references reconciliation.break_item (id)
);
create index ix_reconciliation_break_event_break_id on reconciliation.break_event (break_id);
create index ix_reconciliation_break_event_row_xid on reconciliation.break_event (row_xid);

-- What was decided about a break. One that ends it comes once; `wait` may come before, and again.
-- The lake reads `break_key` and the amounts: what was decided on is not found again.
create table reconciliation.resolution (
  break_id uuid not null,
  break_key varchar not null,
  action varchar not null,
  reason_code varchar not null,
  note varchar not null,
  evidence_link varchar,
  currency varchar not null,
  expected_minor bigint,
  actual_minor bigint,
  amount_minor bigint not null,
  account varchar,
  journal_id bigint,
  wait_until timestamp with time zone,
  approval_id uuid,
  made_by varchar not null,
  agreed_by varchar,
  at timestamp with time zone not null,
  id uuid not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  row_xid xid8 default pg_current_xact_id() not null,
  constraint pk_resolution primary key (id),
  constraint ck_resolution_action check (action in ('match', 'force_match', 'adjust', 'write_off', 'void', 'wait')),
  constraint ck_resolution_two_persons check (
    action in ('match', 'wait') or (agreed_by is not null and agreed_by <> made_by)
  ),
  constraint ck_resolution_booked check ((journal_id is not null) = (account is not null)),
  constraint ck_resolution_waits check ((wait_until is not null) = (action = 'wait')),
  constraint uq_resolution_journal_id unique (journal_id),
  constraint uq_resolution_approval_id unique (approval_id),
  constraint fk_resolution_break_id_break_item foreign key (break_id) references reconciliation.break_item (id),
  constraint fk_resolution_journal_id_journal foreign key (journal_id) references ledger.journal (id),
  constraint fk_resolution_approval_id_approval foreign key (approval_id) references access.approval (id)
);
create index ix_reconciliation_resolution_break_id on reconciliation.resolution (break_id);
create index ix_reconciliation_resolution_row_xid on reconciliation.resolution (row_xid);
create unique index uq_resolution_final on reconciliation.resolution (break_id) where action <> 'wait';

-- A line a person matched by hand, once for ever.
create table reconciliation.matched_line (
  resolution_id uuid not null,
  break_key varchar not null,
  leg varchar not null,
  line_id varchar not null,
  amount_minor bigint not null,
  currency varchar not null,
  id uuid not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  row_xid xid8 default pg_current_xact_id() not null,
  constraint pk_matched_line primary key (id),
  constraint uq_matched_line_leg_line_id unique (leg, line_id),
  constraint fk_matched_line_resolution_id_resolution
    foreign key (resolution_id) references reconciliation.resolution (id)
);
create index ix_reconciliation_matched_line_resolution_id on reconciliation.matched_line (resolution_id);
create index ix_reconciliation_matched_line_row_xid on reconciliation.matched_line (row_xid);

-- How far the lake's findings were taken over. One row; never read by the lake, which would see
-- its own reading as news.
create table reconciliation.intake (
  id smallint not null,
  snapshot bigint not null,
  as_of timestamp with time zone not null,
  constraint pk_intake primary key (id),
  constraint ck_intake_one check (id = 1)
);
insert into reconciliation.intake values (1, 0, '1970-01-01T00:00:00Z');

-- Where client money lies: a statement of each of these accounts is expected for every day.
create table reconciliation.bank_account (
  account varchar not null,
  currency varchar not null,
  bank varchar not null,
  name varchar not null,
  opened_on date not null,
  closed_on date,
  id uuid not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  row_xid xid8 default pg_current_xact_id() not null,
  constraint pk_bank_account primary key (id),
  constraint uq_bank_account_account_currency unique (account, currency),
  constraint ck_bank_account_days check (closed_on >= opened_on)
);
create index ix_reconciliation_bank_account_row_xid on reconciliation.bank_account (row_xid);

create table reconciliation.daily_report (
  day date not null,
  version integer not null,
  status varchar not null,
  asked_by varchar not null,
  asked_at timestamp with time zone not null,
  reason varchar,
  snapshot bigint,
  as_of timestamp with time zone,
  prepared_at timestamp with time zone,
  content jsonb,
  content_sha256 bytea,
  decided_by varchar,
  decided_at timestamp with time zone,
  decision_note varchar,
  id uuid not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  row_xid xid8 default pg_current_xact_id() not null,
  constraint pk_daily_report primary key (id),
  constraint uq_daily_report_day_version unique (day, version),
  constraint ck_daily_report_status check (status in ('asked', 'prepared', 'signed', 'refused')),
  constraint ck_daily_report_prepared check (
    (status = 'asked') = (content is null) and (content is null) = (content_sha256 is null)
    and (content is null) = (snapshot is null)
    and (content is null) = (as_of is null) and (content is null) = (prepared_at is null)
  ),
  constraint ck_daily_report_decided check ((status in ('signed', 'refused')) = (decided_by is not null)),
  constraint ck_daily_report_two_persons check (decided_by is null or decided_by <> asked_by)
);
create index ix_reconciliation_daily_report_row_xid on reconciliation.daily_report (row_xid);

-- Records stay as they were written, whoever asks.
create trigger break_event_is_final before update or delete on reconciliation.break_event
  for each row execute function kit.refuse_change();
create trigger resolution_is_final before update or delete on reconciliation.resolution
  for each row execute function kit.refuse_change();
create trigger matched_line_is_final before update or delete on reconciliation.matched_line
  for each row execute function kit.refuse_change();
create trigger break_item_stays_closed before update on reconciliation.break_item for each row
  when (old.closed_at is not null and to_jsonb(new) - 'row_xid' <> to_jsonb(old) - 'row_xid')
  execute function kit.refuse_change();
create trigger daily_report_stays_prepared before update on reconciliation.daily_report for each row
  when (
    old.content is not null
    and to_jsonb(new) - array['status', 'decided_by', 'decided_at', 'decision_note', 'row_xid']
      <> to_jsonb(old) - array['status', 'decided_by', 'decided_at', 'decision_note', 'row_xid'])
  execute function kit.refuse_change();
create trigger daily_report_stays_decided before update on reconciliation.daily_report for each row
  when (old.decided_by is not null and to_jsonb(new) - 'row_xid' <> to_jsonb(old) - 'row_xid')
  execute function kit.refuse_change();

grant usage on schema reconciliation to kingpost_app, kingpost_extract;
grant select, insert, update on all tables in schema reconciliation to kingpost_app;
revoke update on reconciliation.break_event, reconciliation.resolution, reconciliation.matched_line from kingpost_app;
revoke insert on reconciliation.intake from kingpost_app;
grant select on reconciliation.break_item, reconciliation.resolution,
  reconciliation.matched_line, reconciliation.bank_account, reconciliation.daily_report to kingpost_extract;
