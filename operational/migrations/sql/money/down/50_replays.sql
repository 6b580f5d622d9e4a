drop table rules.replay_difference;
drop table rules.replay;
drop index rules.ix_decision_decided_at;
