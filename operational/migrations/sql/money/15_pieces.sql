-- What arrived for a deposit, which need not be what was asked for, and what a person agreed to.

alter table payments.payment
  add column arrived_minor bigint,
  add column agreed_minor bigint,
  add constraint ck_payment_arrived check (arrived_minor > 0),
  add constraint ck_payment_agreed check (agreed_minor > 0);

update payments.payment set arrived_minor = amount_minor
 where direction = 'deposit' and succeeded_at is not null;
