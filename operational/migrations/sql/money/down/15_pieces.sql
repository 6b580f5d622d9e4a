alter table payments.payment drop column arrived_minor;
