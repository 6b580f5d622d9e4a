-- A transfer nobody asked for is given to a client by a person: no table routed it.
alter table payments.payment alter column routing_decision_id drop not null;

create table payments.transfer_assignment (
  message_id uuid not null,
  payment_id uuid not null,
  reason varchar not null,
  assigned_by uuid not null,
  assigned_by_name varchar not null,
  assigned_at timestamp with time zone not null,
  id uuid not null,
  created_at timestamp with time zone default clock_timestamp() not null,
  row_xid xid8 default pg_current_xact_id() not null,
  constraint pk_transfer_assignment primary key (id),
  constraint uq_transfer_assignment_message_id unique (message_id),
  constraint fk_transfer_assignment_message_id_inbox foreign key (message_id) references messaging.inbox (id),
  constraint fk_transfer_assignment_payment_id_payment foreign key (payment_id) references payments.payment (id)
);
create index ix_payments_transfer_assignment_payment_id on payments.transfer_assignment (payment_id);
create index ix_payments_transfer_assignment_row_xid on payments.transfer_assignment (row_xid);

-- Whose money it was is decided once.
create trigger transfer_assignment_is_final before update on payments.transfer_assignment for each row
  execute function kit.refuse_change();

grant select, insert on payments.transfer_assignment to kingpost_app;
grant select on payments.transfer_assignment to kingpost_extract;
