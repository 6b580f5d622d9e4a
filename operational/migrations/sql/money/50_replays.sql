-- A version tried on a span of past decisions, piece by piece, and what it would have said otherwise.
create table rules.replay (
  table_version_id UUID NOT NULL,
  since TIMESTAMP WITH TIME ZONE NOT NULL,
  until TIMESTAMP WITH TIME ZONE NOT NULL,
  status VARCHAR DEFAULT 'running' NOT NULL,
  total_count INTEGER NOT NULL,
  done_count INTEGER DEFAULT '0' NOT NULL,
  last_decided_at TIMESTAMP WITH TIME ZONE,
  last_decision_id UUID,
  asked_by VARCHAR NOT NULL,
  asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
  ended_at TIMESTAMP WITH TIME ZONE,
  id UUID NOT NULL,
  created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
  row_xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
  CONSTRAINT pk_replay PRIMARY KEY (id),
  CONSTRAINT ck_replay_status CHECK (status in ('running', 'done', 'stopped')),
  CONSTRAINT ck_replay_span CHECK (since < until),
  CONSTRAINT fk_replay_table_version_id_table_version FOREIGN KEY(table_version_id) REFERENCES rules.table_version (id)
);
create index ix_replay_running ON rules.replay (asked_at) WHERE status = 'running';
create index ix_rules_replay_row_xid ON rules.replay (row_xid);
create index ix_rules_replay_table_version_id ON rules.replay (table_version_id);

create table rules.replay_difference (
  replay_id UUID NOT NULL,
  decision_id UUID NOT NULL,
  would_be JSONB,
  refusal VARCHAR,
  CONSTRAINT pk_replay_difference PRIMARY KEY (replay_id, decision_id),
  CONSTRAINT fk_replay_difference_replay_id_replay FOREIGN KEY(replay_id) REFERENCES rules.replay (id),
  CONSTRAINT fk_replay_difference_decision_id_decision FOREIGN KEY(decision_id) REFERENCES rules.decision (id)
);

create index ix_decision_decided_at ON rules.decision (decided_at, id);

grant select, insert, update on rules.replay to kingpost_app;
grant select, insert on rules.replay_difference to kingpost_app;
grant select on rules.replay to kingpost_extract;
