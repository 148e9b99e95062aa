-- Times are milliseconds since 1970 in UTC; 0 is never. Secrets are sealed.

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- AUTOINCREMENT: the number of a deleted product is never given to another.
CREATE TABLE products (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT,
    product_key          TEXT NOT NULL UNIQUE,
    name                 TEXT NOT NULL UNIQUE,
    description          TEXT NOT NULL,
    node_type            INTEGER NOT NULL,
    secret               BLOB NOT NULL,
    dynamic_registration INTEGER NOT NULL,
    created              INTEGER NOT NULL
) STRICT;

CREATE TABLE product_tags (
    product INTEGER NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    key     TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (product, key)
) STRICT, WITHOUT ROWID;

-- seq counts the registrations of a product. It needs no index: the memory
-- table knows the order, and iot_id contains product and seq.
CREATE TABLE devices (
    product     INTEGER NOT NULL REFERENCES products (id),
    name        TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    iot_id      TEXT NOT NULL,
    nickname    TEXT NOT NULL,
    secret      BLOB NOT NULL,
    created     INTEGER NOT NULL,
    application INTEGER NOT NULL DEFAULT 0,
    disabled    INTEGER NOT NULL DEFAULT 0,
    registrable INTEGER NOT NULL DEFAULT 0,
    activated   INTEGER NOT NULL DEFAULT 0,
    last_online INTEGER NOT NULL DEFAULT 0,
    address     TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (product, name)
) STRICT, WITHOUT ROWID;

-- names, nicknames and invalid are JSON arrays.
CREATE TABLE applications (
    id          INTEGER PRIMARY KEY,
    product_key TEXT NOT NULL,
    status      TEXT NOT NULL,
    names       TEXT NOT NULL,
    nicknames   TEXT NOT NULL,
    invalid     TEXT NOT NULL,
    created     INTEGER NOT NULL
) STRICT;
