-- Who may use the queue of jobs (Procrastinate's own tables and functions, in the schema `jobs`).
grant usage on schema jobs to kingpost_app;
grant select, insert, update, delete on all tables in schema jobs to kingpost_app;
grant usage on all sequences in schema jobs to kingpost_app;
grant execute on all functions in schema jobs to kingpost_app;
