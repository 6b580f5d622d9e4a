drop table payments.evidence_pack;
drop table payments.dispute;
