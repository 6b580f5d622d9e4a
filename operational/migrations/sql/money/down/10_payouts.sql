drop table payments.payout_event;
drop table payments.payout;
drop table payments.withdrawal_vote;
drop table payments.withdrawal;
drop table payments.destination;
