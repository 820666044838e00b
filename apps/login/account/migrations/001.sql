-- Times are milliseconds since 1970. Secrets are SHA-256 sums, but passwords argon2id in PHC format.
CREATE TABLE person (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  name     TEXT    NOT NULL UNIQUE,
  password TEXT    NOT NULL DEFAULT '', -- none: nobody can sign in with one
  role     TEXT    NOT NULL DEFAULT '', -- none: may only enter applications
  locked   INTEGER NOT NULL DEFAULT 0,
  created  INTEGER NOT NULL
) STRICT;

CREATE TABLE person_application (
  person      INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
  application TEXT    NOT NULL, -- id of an instance; '*': all
  PRIMARY KEY (person, application)
) STRICT, WITHOUT ROWID;

CREATE TABLE invitation (
  person  INTEGER PRIMARY KEY REFERENCES person ON DELETE CASCADE,
  code    BLOB    NOT NULL UNIQUE,
  expires INTEGER NOT NULL
) STRICT;

CREATE TABLE device (
  secret BLOB    NOT NULL,
  person INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
  used   INTEGER NOT NULL,
  PRIMARY KEY (secret, person)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
  id      TEXT    PRIMARY KEY, -- no secret: access tokens begin with it
  person  INTEGER NOT NULL REFERENCES person ON DELETE CASCADE,
  secret  BLOB    NOT NULL UNIQUE,
  began   INTEGER NOT NULL,
  used    INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  address  TEXT    NOT NULL,
  agent   TEXT    NOT NULL
) STRICT;
CREATE INDEX session_person ON session (person);

CREATE TABLE refresh (
  number  INTEGER PRIMARY KEY AUTOINCREMENT,
  secret  BLOB    NOT NULL UNIQUE,
  session TEXT    NOT NULL REFERENCES session ON DELETE CASCADE,
  host    TEXT    NOT NULL, -- whose cookie it is
  retired INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX refresh_session ON refresh (session, host, number);
