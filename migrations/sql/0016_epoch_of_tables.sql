-- A dump that is restored into the same database replaces the tables, and nothing else tells it.

create or replace function data_epoch() returns text
language plpgsql
as $$
declare
    cluster text := '';
    timeline text := '';
begin
    begin
        cluster := (select system_identifier from pg_control_system());
        if not pg_is_in_recovery() then
            timeline := left(pg_walfile_name(pg_current_wal_lsn()), 8);
        end if;
    exception when insufficient_privilege then
        -- Some providers keep these for themselves; what can be told apart then is databases of one server.
        null;
    end;
    return concat_ws(
        '.',
        cluster,
        (select oid from pg_database where datname = current_database()),
        'cache_versions'::regclass::oid,
        timeline
    );
end
$$;
comment on function data_epoch() is
    'Names the cluster, the database, the table of versions and the timeline. Within one, versions only go up. It is '
    'another one after a backup was restored or a standby became the primary: then what was committed last may be gone, '
    'and a version given out before may be given out again for something else.';
