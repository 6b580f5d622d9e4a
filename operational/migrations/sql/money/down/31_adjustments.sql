drop table payments.adjustment;
update access.approval set status = 'refused'
where status = 'expired';
alter table access.approval drop constraint ck_approval_status;
alter table access.approval add constraint ck_approval_status
  check (status in ('waiting', 'approved', 'refused'));
alter table access.approval drop column expires_at;
