-- A version tried on a span of past decisions, piece by piece, and what it would have said otherwise.
create table rules.replay (
  table_version_id UUID not null,
  since TIMESTAMP WITH TIME ZONE not null,
  until TIMESTAMP WITH TIME ZONE not null,
  status VARCHAR default 'running' not null,
  total_count INTEGER not null,
  done_count INTEGER default '0' not null,
  last_decided_at TIMESTAMP WITH TIME ZONE,
  last_decision_id UUID,
  asked_by VARCHAR not null,
  asked_at TIMESTAMP WITH TIME ZONE not null,
  ended_at TIMESTAMP WITH TIME ZONE,
  id UUID not null,
  created_at TIMESTAMP WITH TIME ZONE default clock_timestamp() not null,
  row_xid XID8 default pg_current_xact_id() not null,
  constraint pk_replay primary key (id),
  constraint ck_replay_status check (status in ('running', 'done', 'stopped')),
  constraint ck_replay_span check (since < until),
  constraint fk_replay_table_version_id_table_version foreign key (table_version_id) references rules.table_version (id)
);
create index ix_replay_running on rules.replay (asked_at) where status = 'running';
create index ix_rules_replay_row_xid on rules.replay (row_xid);
create index ix_rules_replay_table_version_id on rules.replay (table_version_id);

create table rules.replay_difference (
  replay_id UUID not null,
  decision_id UUID not null,
  would_be JSONB,
  refusal VARCHAR,
  constraint pk_replay_difference primary key (replay_id, decision_id),
  constraint fk_replay_difference_replay_id_replay foreign key (replay_id) references rules.replay (id),
  constraint fk_replay_difference_decision_id_decision foreign key (decision_id) references rules.decision (id)
);

create index ix_decision_decided_at on rules.decision (decided_at, id);

grant select, insert, update on rules.replay to kingpost_app;
grant select, insert on rules.replay_difference to kingpost_app;
grant select on rules.replay to kingpost_extract;
