-- Every table of the first release, as the models described it then; later revisions change it.

create schema access;
create schema audit;
create schema clients;
create schema kyc;
create schema ledger;
create schema messaging;
create schema partners;
create schema payments;
create schema platforms;
create schema review;
create schema rules;

create table access.approval (
  kind VARCHAR NOT NULL,
  subject_id VARCHAR NOT NULL,
  payload JSONB NOT NULL,
  payload_sha256 BYTEA NOT NULL,
  maker_id UUID NOT NULL,
  checker_id UUID,
  status VARCHAR DEFAULT 'waiting' NOT NULL,
  reason VARCHAR NOT NULL,
  decided_at TIMESTAMP WITH TIME ZONE,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_approval PRIMARY KEY (id),
  CONSTRAINT ck_approval_two_persons CHECK (checker_id is null or checker_id <> maker_id),
  CONSTRAINT ck_approval_status CHECK (status in ('waiting', 'approved', 'refused'))
);
create index ix_access_approval_row_xid ON access.approval (row_xid);
create unique index uq_approval_waiting ON access.approval (kind, subject_id, payload_sha256) WHERE status = 'waiting';

create unlogged table access.rate_window (
  key VARCHAR NOT NULL,
  window_at TIMESTAMP WITH TIME ZONE NOT NULL,
  count INTEGER DEFAULT '1' NOT NULL,
  CONSTRAINT pk_rate_window PRIMARY KEY (key, window_at)
);

create table access."user" (
  email VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  password_hash VARCHAR,
  totp_secret BYTEA,
  totp_last_step BIGINT,
  is_active BOOLEAN DEFAULT true NOT NULL,
  failed_count INTEGER DEFAULT '0' NOT NULL,
  locked_until TIMESTAMP WITH TIME ZONE,
  invitation_sha256 BYTEA,
  invitation_ends_at TIMESTAMP WITH TIME ZONE,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_user PRIMARY KEY (id),
  CONSTRAINT ck_user_email_lower CHECK (email = lower(email)),
  CONSTRAINT uq_user_email UNIQUE (email),
  CONSTRAINT uq_user_invitation_sha256 UNIQUE (invitation_sha256)
);
create index ix_access_user_row_xid ON access."user" (row_xid);

create table audit.checkpoint (
  last_seq BIGINT NOT NULL,
  first_seq BIGINT NOT NULL,
  root BYTEA NOT NULL,
  previous BYTEA NOT NULL,
  signed_at TIMESTAMP WITH TIME ZONE NOT NULL,
  key_id VARCHAR NOT NULL,
  signature BYTEA NOT NULL,
  CONSTRAINT pk_checkpoint PRIMARY KEY (last_seq),
  CONSTRAINT ck_checkpoint_order CHECK (first_seq between 1 and last_seq),
  CONSTRAINT uq_checkpoint_first_seq UNIQUE (first_seq),
  CONSTRAINT uq_checkpoint_previous UNIQUE (previous)
);

create table audit.event (
  id UUID NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  at TIMESTAMP WITH TIME ZONE NOT NULL,
  actor_id VARCHAR NOT NULL,
  actor_name VARCHAR,
  role VARCHAR NOT NULL,
  session_id UUID,
  ip VARCHAR,
  verb VARCHAR NOT NULL,
  subject_kind VARCHAR NOT NULL,
  subject_id VARCHAR,
  reason VARCHAR,
  before JSONB,
  after JSONB,
  rule_version VARCHAR,
  decision_id UUID,
  evidence_id UUID,
  request_id VARCHAR,
  pii_commitment VARCHAR,
  leaf BYTEA NOT NULL,
  CONSTRAINT pk_event PRIMARY KEY (id),
  CONSTRAINT ck_event_leaf CHECK (octet_length(leaf) = 32)
);
create index ix_event_order ON audit.event (row_xid, id);
create index ix_event_at ON audit.event USING brin (at);
create index ix_event_subject ON audit.event (subject_id, subject_kind);

create table audit.personal_key (
  person_id UUID NOT NULL,
  key BYTEA,
  CONSTRAINT pk_personal_key PRIMARY KEY (person_id)
);

create table audit.sealed (
  seq BIGINT NOT NULL,
  event_id UUID NOT NULL,
  event_xid xid8 NOT NULL,
  leaf BYTEA NOT NULL,
  CONSTRAINT pk_sealed PRIMARY KEY (seq),
  CONSTRAINT uq_sealed_event_id UNIQUE (event_id)
);

create table kyc.screening_list (
  name VARCHAR NOT NULL,
  version VARCHAR NOT NULL,
  entries_count INTEGER NOT NULL,
  loaded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_screening_list PRIMARY KEY (id),
  CONSTRAINT uq_screening_list_name UNIQUE (name)
);
create index ix_kyc_screening_list_row_xid ON kyc.screening_list (row_xid);

create table ledger.currency (
  code VARCHAR NOT NULL,
  exponent SMALLINT NOT NULL,
  CONSTRAINT pk_currency PRIMARY KEY (code),
  CONSTRAINT ck_currency_exponent CHECK (exponent between 0 and 8)
);

create table ledger.journal (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  op_key VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  effective_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  reverses BIGINT,
  actor VARCHAR NOT NULL,
  meta JSONB NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_journal PRIMARY KEY (id),
  CONSTRAINT uq_journal_op_key UNIQUE (op_key),
  CONSTRAINT uq_journal_reverses UNIQUE (reverses),
  CONSTRAINT fk_journal_reverses_journal FOREIGN KEY(reverses) REFERENCES ledger.journal (id)
);
create index ix_ledger_journal_row_xid ON ledger.journal (row_xid);

create table messaging.idempotency (
  principal VARCHAR NOT NULL,
  key VARCHAR NOT NULL,
  request VARCHAR NOT NULL,
  body_sha256 BYTEA NOT NULL,
  status INTEGER,
  answer BYTEA,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  CONSTRAINT pk_idempotency PRIMARY KEY (principal, key)
);

create table messaging.inbox (
  source VARCHAR NOT NULL,
  external_id VARCHAR NOT NULL,
  headers JSONB NOT NULL,
  body BYTEA NOT NULL,
  status VARCHAR DEFAULT 'new' NOT NULL,
  attempts INTEGER DEFAULT '0' NOT NULL,
  next_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  done_at TIMESTAMP WITH TIME ZONE,
  error VARCHAR,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_inbox PRIMARY KEY (id),
  CONSTRAINT uq_inbox_source_external_id UNIQUE (source, external_id),
  CONSTRAINT ck_inbox_status CHECK (status in ('new', 'done', 'parked', 'closed'))
);
create index ix_inbox_waiting ON messaging.inbox (next_at) WHERE status = 'new';
create index ix_messaging_inbox_row_xid ON messaging.inbox (row_xid);

create table messaging.outbox (
  seq BIGINT GENERATED ALWAYS AS IDENTITY,
  topic VARCHAR NOT NULL,
  aggregate VARCHAR NOT NULL,
  payload JSONB NOT NULL,
  status VARCHAR DEFAULT 'pending' NOT NULL,
  attempts INTEGER DEFAULT '0' NOT NULL,
  next_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  deadline_at TIMESTAMP WITH TIME ZONE NOT NULL,
  sent_at TIMESTAMP WITH TIME ZONE,
  error VARCHAR,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_outbox PRIMARY KEY (id),
  CONSTRAINT ck_outbox_status CHECK (status in ('pending', 'sent', 'refused', 'parked', 'closed')),
  CONSTRAINT uq_outbox_seq UNIQUE (seq)
);
create index ix_messaging_outbox_row_xid ON messaging.outbox (row_xid);
create index ix_outbox_due ON messaging.outbox (next_at) WHERE status = 'pending';
create index ix_outbox_waiting ON messaging.outbox (aggregate, seq) WHERE status = 'pending';

create table messaging.refused_callback (
  source VARCHAR NOT NULL,
  day TIMESTAMP WITH TIME ZONE NOT NULL,
  reason VARCHAR NOT NULL,
  count BIGINT DEFAULT '1' NOT NULL,
  CONSTRAINT pk_refused_callback PRIMARY KEY (source, day, reason)
);

create table partners.plan_version (
  name VARCHAR NOT NULL,
  version INTEGER NOT NULL,
  rates JSONB NOT NULL,
  duration_seconds_min INTEGER DEFAULT '0' NOT NULL,
  valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
  made_by VARCHAR NOT NULL,
  published_by VARCHAR,
  published_at TIMESTAMP WITH TIME ZONE,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_plan_version PRIMARY KEY (id),
  CONSTRAINT uq_plan_version_name_version UNIQUE (name, version),
  CONSTRAINT ck_plan_version_two_persons CHECK (published_by is null or published_by <> made_by)
);
create index ix_partners_plan_version_row_xid ON partners.plan_version (row_xid);

create table rules.table_version (
  name VARCHAR NOT NULL,
  version INTEGER NOT NULL,
  content JSONB NOT NULL,
  content_sha256 BYTEA NOT NULL,
  note VARCHAR NOT NULL,
  status VARCHAR DEFAULT 'draft' NOT NULL,
  made_by VARCHAR NOT NULL,
  published_by VARCHAR,
  published_at TIMESTAMP WITH TIME ZONE,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_table_version PRIMARY KEY (id),
  CONSTRAINT uq_table_version_name_version UNIQUE (name, version),
  CONSTRAINT ck_table_version_status CHECK (status in ('draft', 'published', 'retired')),
  CONSTRAINT ck_table_version_two_persons CHECK (published_by is null or published_by <> made_by)
);
create index ix_rules_table_version_row_xid ON rules.table_version (row_xid);
create unique index uq_table_version_live ON rules.table_version (name) WHERE status = 'published';

create table access.role_grant (
  user_id UUID NOT NULL,
  role VARCHAR NOT NULL,
  granted_by VARCHAR NOT NULL,
  revoked_at TIMESTAMP WITH TIME ZONE,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_role_grant PRIMARY KEY (id),
  CONSTRAINT fk_role_grant_user_id_user FOREIGN KEY(user_id) REFERENCES access."user" (id)
);
create index ix_access_role_grant_row_xid ON access.role_grant (row_xid);
create unique index uq_role_grant_live ON access.role_grant (user_id, role) WHERE revoked_at is null;

create table access.session (
  token_sha256 BYTEA NOT NULL,
  user_id UUID NOT NULL,
  parent_id UUID,
  ip VARCHAR NOT NULL,
  user_agent VARCHAR NOT NULL,
  seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  revoked_at TIMESTAMP WITH TIME ZONE,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_session PRIMARY KEY (id),
  CONSTRAINT uq_session_token_sha256 UNIQUE (token_sha256),
  CONSTRAINT fk_session_user_id_user FOREIGN KEY(user_id) REFERENCES access."user" (id),
  CONSTRAINT fk_session_parent_id_session FOREIGN KEY(parent_id) REFERENCES access.session (id)
);
create index ix_access_session_parent_id ON access.session (parent_id);
create index ix_access_session_row_xid ON access.session (row_xid);
create index ix_access_session_user_id ON access.session (user_id);

create table audit.personal (
  event_id UUID NOT NULL,
  person_id UUID NOT NULL,
  ciphertext BYTEA NOT NULL,
  CONSTRAINT pk_personal PRIMARY KEY (event_id),
  CONSTRAINT fk_personal_event_id_event FOREIGN KEY(event_id) REFERENCES audit.event (id)
);
create index ix_audit_personal_person_id ON audit.personal (person_id);

create table clients.client (
  reference VARCHAR NOT NULL,
  user_id UUID NOT NULL,
  email VARCHAR NOT NULL,
  mailbox VARCHAR NOT NULL,
  first_name VARCHAR NOT NULL,
  last_name VARCHAR NOT NULL,
  name_key VARCHAR NOT NULL,
  birth_date DATE,
  country VARCHAR NOT NULL,
  language VARCHAR NOT NULL,
  phone VARCHAR,
  stage VARCHAR DEFAULT 'lead' NOT NULL,
  source VARCHAR NOT NULL,
  campaign JSONB NOT NULL,
  referral_code VARCHAR,
  queue VARCHAR NOT NULL,
  routing_reason VARCHAR NOT NULL,
  routing_decision_id UUID,
  registered_ip VARCHAR,
  ip_country VARCHAR,
  device VARCHAR,
  registered_at TIMESTAMP WITH TIME ZONE NOT NULL,
  verified_at TIMESTAMP WITH TIME ZONE,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_client PRIMARY KEY (id),
  CONSTRAINT ck_client_email_lower CHECK (email = lower(email)),
  CONSTRAINT uq_client_reference UNIQUE (reference),
  CONSTRAINT uq_client_user_id UNIQUE (user_id),
  CONSTRAINT fk_client_user_id_user FOREIGN KEY(user_id) REFERENCES access."user" (id),
  CONSTRAINT uq_client_email UNIQUE (email)
);
create index ix_client_person ON clients.client (name_key, birth_date);
create index ix_client_registered_ip ON clients.client (registered_ip, registered_at);
create index ix_clients_client_device ON clients.client (device);
create index ix_clients_client_mailbox ON clients.client (mailbox);
create index ix_clients_client_row_xid ON clients.client (row_xid);

create table kyc.screening_entry (
  list_name VARCHAR NOT NULL,
  list_version VARCHAR NOT NULL,
  external_id VARCHAR NOT NULL,
  name VARCHAR NOT NULL,
  birth_year INTEGER,
  countries JSONB NOT NULL,
  programme VARCHAR NOT NULL,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_screening_entry PRIMARY KEY (id),
  CONSTRAINT fk_screening_entry_list_name_screening_list FOREIGN KEY(list_name) REFERENCES kyc.screening_list (name)
);
create index ix_kyc_screening_entry_row_xid ON kyc.screening_entry (row_xid);
create unique index uq_screening_entry ON kyc.screening_entry (list_name, external_id, name);

create table ledger.account (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  code VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  currency VARCHAR NOT NULL,
  owner_id UUID,
  is_cached BOOLEAN NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_account PRIMARY KEY (id),
  CONSTRAINT uq_account_id_currency UNIQUE (id, currency),
  CONSTRAINT ck_account_kind CHECK (kind in ('asset', 'liability', 'income', 'expense', 'equity')),
  CONSTRAINT uq_account_code UNIQUE (code),
  CONSTRAINT fk_account_currency_currency FOREIGN KEY(currency) REFERENCES ledger.currency (code)
);
create index ix_ledger_account_row_xid ON ledger.account (row_xid);

create table partners.partner (
  reference VARCHAR NOT NULL,
  user_id UUID NOT NULL,
  name VARCHAR NOT NULL,
  code VARCHAR NOT NULL,
  country VARCHAR NOT NULL,
  currency VARCHAR NOT NULL,
  plan_name VARCHAR NOT NULL,
  mailbox VARCHAR NOT NULL,
  name_key VARCHAR NOT NULL,
  is_active BOOLEAN DEFAULT true NOT NULL,
  joined_at TIMESTAMP WITH TIME ZONE NOT NULL,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_partner PRIMARY KEY (id),
  CONSTRAINT uq_partner_reference UNIQUE (reference),
  CONSTRAINT uq_partner_user_id UNIQUE (user_id),
  CONSTRAINT fk_partner_user_id_user FOREIGN KEY(user_id) REFERENCES access."user" (id),
  CONSTRAINT uq_partner_code UNIQUE (code)
);
create index ix_partners_partner_mailbox ON partners.partner (mailbox);
create index ix_partners_partner_name_key ON partners.partner (name_key);
create index ix_partners_partner_row_xid ON partners.partner (row_xid);

create table rules.decision (
  table_version_id UUID NOT NULL,
  subject_kind VARCHAR NOT NULL,
  subject_id VARCHAR NOT NULL,
  facts JSONB NOT NULL,
  outcome JSONB NOT NULL,
  trace JSONB NOT NULL,
  decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_decision PRIMARY KEY (id),
  CONSTRAINT fk_decision_table_version_id_table_version FOREIGN KEY(table_version_id) REFERENCES rules.table_version (id)
);
create index ix_decision_subject ON rules.decision (subject_kind, subject_id);
create index ix_rules_decision_row_xid ON rules.decision (row_xid);

create table access.sign_in_code (
  code_sha256 BYTEA NOT NULL,
  session_id UUID NOT NULL,
  client_id VARCHAR NOT NULL,
  redirect_uri VARCHAR NOT NULL,
  nonce VARCHAR,
  code_challenge VARCHAR,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  used_at TIMESTAMP WITH TIME ZONE,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_sign_in_code PRIMARY KEY (id),
  CONSTRAINT uq_sign_in_code_code_sha256 UNIQUE (code_sha256),
  CONSTRAINT fk_sign_in_code_session_id_session FOREIGN KEY(session_id) REFERENCES access.session (id)
);
create index ix_access_sign_in_code_row_xid ON access.sign_in_code (row_xid);

create table kyc."check" (
  client_id UUID NOT NULL,
  facts JSONB NOT NULL,
  compared JSONB NOT NULL,
  outcome VARCHAR NOT NULL,
  reasons JSONB NOT NULL,
  decision_id UUID NOT NULL,
  checked_at TIMESTAMP WITH TIME ZONE NOT NULL,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_check PRIMARY KEY (id),
  CONSTRAINT ck_check_outcome CHECK (outcome in ('approve', 'review', 'refuse')),
  CONSTRAINT fk_check_client_id_client FOREIGN KEY(client_id) REFERENCES clients.client (id),
  CONSTRAINT fk_check_decision_id_decision FOREIGN KEY(decision_id) REFERENCES rules.decision (id)
);
create index ix_kyc_check_client_id ON kyc."check" (client_id);
create index ix_kyc_check_row_xid ON kyc."check" (row_xid);

create table kyc.document (
  client_id UUID NOT NULL,
  kind VARCHAR NOT NULL,
  file_name VARCHAR NOT NULL,
  media_type VARCHAR NOT NULL,
  size_bytes INTEGER NOT NULL,
  sha256 VARCHAR NOT NULL,
  mrz VARCHAR,
  document_number VARCHAR,
  expires_on DATE,
  uploaded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_document PRIMARY KEY (id),
  CONSTRAINT ck_document_kind CHECK (kind in ('passport', 'id_card', 'proof_of_address')),
  CONSTRAINT fk_document_client_id_client FOREIGN KEY(client_id) REFERENCES clients.client (id)
);
create index ix_document_sha256 ON kyc.document (sha256);
create index ix_kyc_document_client_id ON kyc.document (client_id);
create index ix_kyc_document_row_xid ON kyc.document (row_xid);

create table ledger.balance (
  account_id BIGINT NOT NULL,
  posted BIGINT DEFAULT '0' NOT NULL,
  held BIGINT DEFAULT '0' NOT NULL,
  floor BIGINT,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_balance PRIMARY KEY (account_id),
  CONSTRAINT ck_balance_held CHECK (held >= 0),
  CONSTRAINT ck_balance_floor CHECK (floor is null or posted - held >= floor),
  CONSTRAINT fk_balance_account_id_account FOREIGN KEY(account_id) REFERENCES ledger.account (id)
)
 WITH (fillfactor = 50);

create table ledger.entry (
  id BIGINT GENERATED ALWAYS AS IDENTITY,
  journal_id BIGINT NOT NULL,
  account_id BIGINT NOT NULL,
  currency VARCHAR NOT NULL,
  amount BIGINT NOT NULL,
  balance_after BIGINT,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_entry PRIMARY KEY (id),
  CONSTRAINT fk_entry_account_id_currency_account FOREIGN KEY(account_id, currency) REFERENCES ledger.account (id, currency),
  CONSTRAINT uq_entry_journal_id_account_id UNIQUE (journal_id, account_id),
  CONSTRAINT ck_entry_amount CHECK (amount <> 0),
  CONSTRAINT fk_entry_journal_id_journal FOREIGN KEY(journal_id) REFERENCES ledger.journal (id)
);
create index ix_ledger_entry_account_id ON ledger.entry (account_id);
create index ix_ledger_entry_row_xid ON ledger.entry (row_xid);

create table partners.attribution (
  client_id UUID NOT NULL,
  partner_id UUID NOT NULL,
  reason VARCHAR NOT NULL,
  valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
  valid_to TIMESTAMP WITH TIME ZONE,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_attribution PRIMARY KEY (id),
  CONSTRAINT ck_attribution_order CHECK (valid_to >= valid_from),
  CONSTRAINT fk_attribution_client_id_client FOREIGN KEY(client_id) REFERENCES clients.client (id),
  CONSTRAINT fk_attribution_partner_id_partner FOREIGN KEY(partner_id) REFERENCES partners.partner (id)
);
create index ix_partners_attribution_partner_id ON partners.attribution (partner_id);
create index ix_partners_attribution_row_xid ON partners.attribution (row_xid);
create unique index uq_attribution_live ON partners.attribution (client_id) WHERE valid_to is null;

create table partners.edge (
  child_id UUID NOT NULL,
  parent_id UUID NOT NULL,
  valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
  valid_to TIMESTAMP WITH TIME ZONE,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_edge PRIMARY KEY (id),
  CONSTRAINT ck_edge_no_self CHECK (child_id <> parent_id),
  CONSTRAINT ck_edge_order CHECK (valid_to >= valid_from),
  CONSTRAINT fk_edge_child_id_partner FOREIGN KEY(child_id) REFERENCES partners.partner (id),
  CONSTRAINT fk_edge_parent_id_partner FOREIGN KEY(parent_id) REFERENCES partners.partner (id)
);
create index ix_partners_edge_row_xid ON partners.edge (row_xid);
create unique index uq_edge_live ON partners.edge (child_id) WHERE valid_to is null;

create table payments.payment (
  reference VARCHAR NOT NULL,
  client_id UUID NOT NULL,
  direction VARCHAR NOT NULL,
  method VARCHAR NOT NULL,
  country VARCHAR NOT NULL,
  psp VARCHAR NOT NULL,
  fallback_psps JSONB NOT NULL,
  routing_decision_id UUID NOT NULL,
  psp_session_id VARCHAR,
  psp_session_result VARCHAR,
  psp_payment_id VARCHAR,
  amount_minor BIGINT NOT NULL,
  currency VARCHAR NOT NULL,
  status VARCHAR DEFAULT 'created' NOT NULL,
  redirect_url VARCHAR,
  failure_reason VARCHAR,
  requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
  succeeded_at TIMESTAMP WITH TIME ZONE,
  ended_at TIMESTAMP WITH TIME ZONE,
  polled_at TIMESTAMP WITH TIME ZONE,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_payment PRIMARY KEY (id),
  CONSTRAINT ck_payment_amount CHECK (amount_minor > 0),
  CONSTRAINT ck_payment_direction CHECK (direction in ('deposit', 'withdrawal')),
  CONSTRAINT uq_payment_reference UNIQUE (reference),
  CONSTRAINT fk_payment_client_id_client FOREIGN KEY(client_id) REFERENCES clients.client (id)
);
create index ix_payment_failed ON payments.payment (requested_at) WHERE status = 'failed';
create index ix_payment_open ON payments.payment (requested_at) WHERE status in ('created', 'pending', 'authorised');
create index ix_payments_payment_client_id ON payments.payment (client_id);
create index ix_payments_payment_row_xid ON payments.payment (row_xid);
create unique index uq_payment_psp_payment_id ON payments.payment (psp, psp_payment_id);

create table platforms.trading_account (
  reference VARCHAR NOT NULL,
  client_id UUID NOT NULL,
  platform VARCHAR NOT NULL,
  server VARCHAR NOT NULL,
  login BIGINT,
  group_name VARCHAR NOT NULL,
  currency VARCHAR NOT NULL,
  leverage INTEGER NOT NULL,
  desired_status VARCHAR DEFAULT 'active' NOT NULL,
  observed_status VARCHAR DEFAULT 'requested' NOT NULL,
  observed_rights BIGINT,
  observed_balance_minor BIGINT,
  observed_at TIMESTAMP WITH TIME ZONE,
  differs_since TIMESTAMP WITH TIME ZONE,
  block_reason VARCHAR,
  requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_trading_account PRIMARY KEY (id),
  CONSTRAINT uq_trading_account_platform_server_login UNIQUE (platform, server, login),
  CONSTRAINT uq_trading_account_reference UNIQUE (reference),
  CONSTRAINT fk_trading_account_client_id_client FOREIGN KEY(client_id) REFERENCES clients.client (id)
);
create index ix_platforms_trading_account_client_id ON platforms.trading_account (client_id);
create index ix_platforms_trading_account_differs_since ON platforms.trading_account (differs_since);
create index ix_platforms_trading_account_row_xid ON platforms.trading_account (row_xid);

create table review."case" (
  reference VARCHAR NOT NULL,
  kind VARCHAR NOT NULL,
  subject_id UUID NOT NULL,
  client_id UUID NOT NULL,
  reasons JSONB NOT NULL,
  decision_id UUID,
  status VARCHAR DEFAULT 'open' NOT NULL,
  version INTEGER DEFAULT '1' NOT NULL,
  opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
  decided_at TIMESTAMP WITH TIME ZONE,
  decided_by UUID,
  decided_by_name VARCHAR,
  decision_note VARCHAR,
  evidence_id UUID,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_case PRIMARY KEY (id),
  CONSTRAINT ck_case_status CHECK (status in ('open', 'approved', 'refused', 'withdrawn')),
  CONSTRAINT uq_case_reference UNIQUE (reference),
  CONSTRAINT fk_case_client_id_client FOREIGN KEY(client_id) REFERENCES clients.client (id),
  CONSTRAINT fk_case_decision_id_decision FOREIGN KEY(decision_id) REFERENCES rules.decision (id)
);
create index ix_review_case_client_id ON review."case" (client_id);
create index ix_review_case_row_xid ON review."case" (row_xid);
create unique index uq_case_open ON review."case" (kind, subject_id) WHERE status = 'open';

create table ledger.hold (
  op_key VARCHAR NOT NULL,
  account_id BIGINT NOT NULL,
  amount BIGINT NOT NULL,
  status VARCHAR DEFAULT 'held' NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_hold PRIMARY KEY (op_key),
  CONSTRAINT ck_hold_amount CHECK (amount > 0),
  CONSTRAINT ck_hold_status CHECK (status in ('held', 'settled', 'voided')),
  CONSTRAINT fk_hold_account_id_balance FOREIGN KEY(account_id) REFERENCES ledger.balance (account_id)
);
create index ix_ledger_hold_account_id ON ledger.hold (account_id);
create index ix_ledger_hold_row_xid ON ledger.hold (row_xid);

create table payments.payment_event (
  payment_id UUID NOT NULL,
  psp VARCHAR NOT NULL,
  external_id VARCHAR NOT NULL,
  news VARCHAR NOT NULL,
  operation_id VARCHAR NOT NULL,
  amount_minor BIGINT NOT NULL,
  currency VARCHAR NOT NULL,
  is_applied BOOLEAN NOT NULL,
  occurred_at TIMESTAMP WITH TIME ZONE NOT NULL,
  recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
  details JSONB NOT NULL,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_payment_event PRIMARY KEY (id),
  CONSTRAINT uq_payment_event_psp_external_id UNIQUE (psp, external_id),
  CONSTRAINT fk_payment_event_payment_id_payment FOREIGN KEY(payment_id) REFERENCES payments.payment (id)
);
create index ix_payments_payment_event_payment_id ON payments.payment_event (payment_id);
create index ix_payments_payment_event_row_xid ON payments.payment_event (row_xid);

create table platforms.transfer (
  reference VARCHAR NOT NULL,
  client_id UUID NOT NULL,
  trading_account_id UUID NOT NULL,
  amount_minor BIGINT NOT NULL,
  currency VARCHAR NOT NULL,
  status VARCHAR DEFAULT 'requested' NOT NULL,
  deal BIGINT,
  refusal VARCHAR,
  requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
  done_at TIMESTAMP WITH TIME ZONE,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_transfer PRIMARY KEY (id),
  CONSTRAINT ck_transfer_amount CHECK (amount_minor <> 0),
  CONSTRAINT ck_transfer_status CHECK (status in ('requested', 'done', 'refused', 'in_doubt')),
  CONSTRAINT uq_transfer_reference UNIQUE (reference),
  CONSTRAINT fk_transfer_client_id_client FOREIGN KEY(client_id) REFERENCES clients.client (id),
  CONSTRAINT fk_transfer_trading_account_id_trading_account FOREIGN KEY(trading_account_id) REFERENCES platforms.trading_account (id)
);
create index ix_platforms_transfer_client_id ON platforms.transfer (client_id);
create index ix_platforms_transfer_row_xid ON platforms.transfer (row_xid);
create index ix_platforms_transfer_trading_account_id ON platforms.transfer (trading_account_id);
create unique index uq_transfer_deal ON platforms.transfer (trading_account_id, deal);

create table review.evidence (
  case_id UUID NOT NULL,
  case_version INTEGER NOT NULL,
  viewer_id UUID NOT NULL,
  roles JSONB NOT NULL,
  payload JSONB NOT NULL,
  payload_sha256 BYTEA NOT NULL,
  served_at TIMESTAMP WITH TIME ZONE NOT NULL,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_evidence PRIMARY KEY (id),
  CONSTRAINT fk_evidence_case_id_case FOREIGN KEY(case_id) REFERENCES review."case" (id)
);
create index ix_review_evidence_case_id ON review.evidence (case_id);
create index ix_review_evidence_row_xid ON review.evidence (row_xid);
