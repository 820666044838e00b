create table if not exists items (
    id bigserial primary key,
    text text not null,
    put timestamptz not null default now()
);
create table if not exists done (
    item bigint not null,
    text text not null,
    by text not null,
    at timestamptz not null default now()
);
