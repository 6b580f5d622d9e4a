drop table payments.transfer_assignment;
alter table payments.payment alter column routing_decision_id set not null;
