alter table payments.payment drop column arrived_minor, drop column agreed_minor;
