drop index messaging.ix_outbox_aggregate;
drop index messaging.ix_inbox_parked;
drop table messaging.refused_sample;
drop table payments.psp_switch;
drop table payments.breaker;
drop table payments.attempt;
