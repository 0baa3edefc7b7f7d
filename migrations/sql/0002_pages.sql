-- What the readers show: themes, the sports catalogue, what each operator does not offer, and the versions that
-- tell a reader what changed.

create table themes (
    operator_id bigint primary key,
    primary_color text not null,
    secondary_color text not null,
    accent_color text not null,
    background_color text not null,
    text_color text not null,
    font_family text not null,
    layout_style text not null,
    button_style text not null,
    card_style text not null,
    logo_type text not null,
    logo_url text not null,
    sportsbook_name text not null,
    banner_image_url text not null,
    updated_at timestamptz not null,
    constraint themes_operator foreign key (operator_id) references operators (id),
    constraint themes_colors check (
        primary_color ~ '^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$'
        and secondary_color ~ '^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$'
        and accent_color ~ '^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$'
        and background_color ~ '^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$'
        and text_color ~ '^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$'
    )
);
comment on table themes is
    'Saved themes. Every value was validated when it was saved, because style sheets are built from them.';

create table theme_templates (
    id bigint primary key,
    template_name text not null,
    display_name text not null,
    description text not null,
    preview_image_url text not null,
    primary_color text not null,
    secondary_color text not null,
    accent_color text not null,
    background_color text not null,
    text_color text not null,
    font_family text not null,
    layout_style text not null,
    button_style text not null,
    card_style text not null,
    is_premium boolean not null,
    constraint theme_templates_name_unique unique (template_name)
);

create table events (
    sport text not null,
    id text not null,
    home text not null,
    away text not null,
    league text not null,
    date_text text not null,
    time_text text not null,
    starts_at timestamptz not null,
    status text not null,
    status_text text not null,
    content_hash bytea not null,
    version bigint not null,
    is_listed boolean not null default true,
    first_seen_at timestamptz not null,
    changed_at timestamptz not null,
    primary key (sport, id),
    constraint events_content_hash_length check (octet_length(content_hash) = 32)
);
create index events_listed on events (sport, starts_at, id) where is_listed;
comment on column events.version is 'Grows by one each time the content of the event or of one of its markets changes.';
comment on column events.is_listed is 'False once the feed names the event no more. Never deleted: bets may refer to it.';

create table markets (
    sport text not null,
    event_id text not null,
    id text not null,
    position integer not null,
    key text not null,
    name text not null,
    is_suspended boolean not null,
    selections jsonb not null,
    primary key (sport, event_id, id),
    constraint markets_event foreign key (sport, event_id) references events (sport, id) on delete cascade,
    constraint markets_selections_array check (jsonb_typeof(selections) = 'array')
);
comment on column markets.selections is
    'Array of {id, name, line, line_kind, is_main, price_milli, price_text, suspended, feed_id} in the order of the '
    'feed; a selection without a usable price keeps its place.';

create table disabled_events (
    operator_id bigint not null,
    event_key text not null,
    sport text not null,
    event_id text not null,
    market_id text,
    disabled_by bigint not null,
    disabled_at timestamptz not null,
    primary key (operator_id, sport, event_key)
);
comment on table disabled_events is
    'What an operator does not offer: a whole event, or one market of it where market_id is set.';

create table cache_versions (
    operator_id bigint not null,
    kind text not null,
    version bigint not null,
    changed_xid xid8 not null,
    changed_at timestamptz not null default now(),
    primary key (operator_id, kind),
    constraint cache_versions_positive check (version > 0)
);
create index cache_versions_changed on cache_versions (changed_xid);
comment on table cache_versions is
    'One row for each kind of cached data of each operator (0 is the platform). The transaction that changes the data '
    'bumps the row: the row lock makes versions commit-ordered. Readers ask every second for rows whose changed_xid is '
    'not older than the oldest transaction that was running when they asked before, so that none is missed although '
    'transactions commit out of the order of their ids.';
