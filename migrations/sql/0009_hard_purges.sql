-- What a hard purge says to readers: not only that there is a newer version, but that nothing older may be served.
--
-- Readers and writers of before know nothing of the column and need nothing of it.

alter table cache_versions
    add column hard_version bigint not null default 0,
    add constraint cache_versions_hard check (hard_version between 0 and version);
comment on column cache_versions.hard_version is
    'Readers serve nothing older than this, not even when the database is away. 0 when nothing was ever purged hard.';
