-- SPDX-License-Identifier: MPL-2.0
-- The key store, version 3, for SQLite: a master key that wraps all secrets, so that a key-encryption key wraps one row; keys that drain
-- or are compromised; signed rows of accounts, tokens and targets; contents that an account is limited to; the store's identity.
-- SQLite cannot change a constraint, so tables are copied. Foreign keys are off meanwhile, and checked afterwards.

-- A key's state and its place in the order, which a key only moves forward in.
CREATE TABLE key_state (
    name TEXT PRIMARY KEY,
    rank INTEGER NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;
INSERT INTO key_state VALUES ('planned', 0), ('delivered', 1), ('active', 2), ('draining', 3), ('retired', 4), ('compromised', 5);

CREATE TABLE store_identity (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL
) STRICT;
CREATE TRIGGER store_identity_fixed BEFORE UPDATE ON store_identity
BEGIN SELECT RAISE(ABORT, 'rule: a store keeps its id'); END;
CREATE TRIGGER store_identity_delete BEFORE DELETE ON store_identity
BEGIN SELECT RAISE(ABORT, 'rule: a store keeps its id'); END;

-- The key that wraps all other secrets, wrapped itself under a key-encryption key.
CREATE TABLE master_key (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    wrapped BLOB NOT NULL CHECK (length(wrapped) = 60),
    kek_id TEXT NOT NULL REFERENCES kek (id)
) STRICT;

CREATE TABLE new_secret (
    name TEXT PRIMARY KEY,
    wrapped BLOB NOT NULL
) STRICT;
INSERT INTO new_secret SELECT name, wrapped FROM secret;
DROP TABLE secret;
ALTER TABLE new_secret RENAME TO secret;

CREATE TABLE new_seed (
    name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 255),
    wrapped BLOB NOT NULL CHECK (length(wrapped) = 58),
    fingerprint BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 16),
    created INTEGER NOT NULL,
    retired INTEGER
) STRICT;
INSERT INTO new_seed SELECT name, wrapped, fingerprint, created, retired FROM seed;
DROP TABLE seed;
ALTER TABLE new_seed RENAME TO seed;
CREATE TRIGGER seed_fixed BEFORE UPDATE ON seed
WHEN NEW.name <> OLD.name OR NEW.fingerprint <> OLD.fingerprint OR NEW.created <> OLD.created OR NEW.wrapped <> OLD.wrapped
BEGIN SELECT RAISE(ABORT, 'rule: a seed does not change; add another by a new name'); END;
CREATE TRIGGER seed_insert BEFORE INSERT ON seed WHEN EXISTS (SELECT 1 FROM seed WHERE name = NEW.name)
BEGIN SELECT RAISE(ABORT, 'rule: a seed does not change; add another by a new name'); END;
CREATE TRIGGER seed_delete BEFORE DELETE ON seed
BEGIN SELECT RAISE(ABORT, 'rule: keys came from the seed; retire it instead of removing it'); END;

-- Keys that version 2 retired because their crypto period had ended drain. Keys that a person retired stay retired.
CREATE TABLE new_content_key (
    kid BLOB PRIMARY KEY CHECK (length(kid) = 16 AND kid <> x'00000000000000000000000000000000'),
    mode TEXT NOT NULL CHECK (mode IN ('ctr', 'cbc')),
    wrapped BLOB NOT NULL CHECK (length(wrapped) = 44),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 16),
    origin TEXT NOT NULL CHECK (origin IN ('random', 'entered', 'seed', 'imported')),
    seed TEXT REFERENCES seed (name),
    state TEXT NOT NULL REFERENCES key_state (name),
    created INTEGER NOT NULL,
    delivered INTEGER,
    activated INTEGER,
    draining INTEGER,
    retired INTEGER,
    compromised INTEGER,
    UNIQUE (kid, mode),
    CHECK ((origin = 'seed') = (seed IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE TEMPORARY TABLE superseded (kid BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
INSERT INTO superseded SELECT kid FROM content_key WHERE state = 'retired' AND lower(hex(kid)) NOT IN (
    SELECT replace(object, '-', '') FROM audit WHERE action = 'retired' AND actor NOT IN ('packager', 'server') AND result = 'ok');
INSERT INTO new_content_key
    SELECT kid, mode, wrapped, fingerprint, origin, seed, iif(kid IN superseded, 'draining', state), created, delivered, activated,
        iif(kid IN superseded, retired, NULL), iif(kid IN superseded, NULL, retired), NULL
    FROM content_key;
DROP TABLE superseded;
DROP TABLE content_key;
ALTER TABLE new_content_key RENAME TO content_key;
CREATE INDEX content_key_fingerprint ON content_key (fingerprint);
CREATE INDEX content_key_created ON content_key (created, kid);
CREATE INDEX content_key_state ON content_key (state, created, kid);
CREATE INDEX content_key_seed ON content_key (seed, created, kid);

CREATE TRIGGER content_key_delete BEFORE DELETE ON content_key
BEGIN SELECT RAISE(ABORT, 'rule: a KID means its key for ever; retire the key instead of removing it'); END;
CREATE TRIGGER content_key_insert BEFORE INSERT ON content_key WHEN EXISTS (SELECT 1 FROM content_key WHERE kid = NEW.kid)
BEGIN SELECT RAISE(ABORT, 'rule: the KID has a key already; use another KID'); END;
CREATE TRIGGER content_key_fixed BEFORE UPDATE ON content_key
WHEN NEW.kid <> OLD.kid OR NEW.mode <> OLD.mode OR NEW.fingerprint <> OLD.fingerprint OR NEW.origin <> OLD.origin
    OR NEW.seed IS NOT OLD.seed OR NEW.created <> OLD.created OR NEW.wrapped <> OLD.wrapped
BEGIN SELECT RAISE(ABORT, 'rule: a KID means one key in one cipher mode for ever; use another KID'); END;
CREATE TRIGGER content_key_forward BEFORE UPDATE OF state ON content_key
WHEN (SELECT rank FROM key_state WHERE name = NEW.state) < (SELECT rank FROM key_state WHERE name = OLD.state)
BEGIN SELECT RAISE(ABORT, 'rule: keys go from planned over delivered, active and draining to retired or compromised, never back; make a new key'); END;
CREATE TRIGGER content_key_delivered BEFORE UPDATE OF state ON content_key
WHEN NEW.state <> OLD.state AND NEW.state IN ('delivered', 'active') AND EXISTS (
    SELECT 1 FROM key_slot JOIN content_target USING (content_id)
    LEFT JOIN delivery ON delivery.kid = key_slot.kid AND delivery.target = content_target.target
    WHERE key_slot.kid = NEW.kid AND delivery.acknowledged IS NULL)
BEGIN SELECT RAISE(ABORT, 'rule: a required target has not acknowledged the key; deliver it first'); END;

-- The last row of the audit that was removed because it was older than the operator keeps, with a MAC: the audit starts after it.
CREATE TABLE audit_start (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    mac BLOB NOT NULL,
    seal BLOB NOT NULL
) STRICT;
INSERT INTO audit_start VALUES (1, 0, x'', x'');
CREATE TRIGGER audit_start_forward BEFORE UPDATE ON audit_start
WHEN NEW.seq <= OLD.seq OR NEW.seq >= (SELECT seq FROM audit_head)
BEGIN SELECT RAISE(ABORT, 'rule: the start of the audit only moves forward'); END;
CREATE TRIGGER audit_start_delete BEFORE DELETE ON audit_start
BEGIN SELECT RAISE(ABORT, 'rule: the start of the audit cannot be removed'); END;
DROP TRIGGER audit_delete;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit WHEN OLD.seq > (SELECT seq FROM audit_start)
BEGIN SELECT RAISE(ABORT, 'rule: rows of the audit cannot be removed'); END;

-- The number of keys in each state, which a page shows and nobody has the time to count.
CREATE TABLE key_count (
    state TEXT PRIMARY KEY REFERENCES key_state (name),
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO key_count SELECT name, (SELECT COUNT(*) FROM content_key WHERE state = name) FROM key_state;
CREATE TRIGGER content_key_count_new AFTER INSERT ON content_key
BEGIN UPDATE key_count SET count = count + 1 WHERE state = NEW.state; END;
CREATE TRIGGER content_key_count AFTER UPDATE OF state ON content_key WHEN NEW.state <> OLD.state
BEGIN
    UPDATE key_count SET count = count - 1 WHERE state = OLD.state;
    UPDATE key_count SET count = count + 1 WHERE state = NEW.state;
END;

-- The page shows the contents whose keys change next.
CREATE INDEX content_crypto_period ON content (crypto_period, id) WHERE crypto_period IS NOT NULL;

-- Deliveries that are done are removed after a time.
CREATE INDEX delivery_acknowledged ON delivery (acknowledged) WHERE state = 'acknowledged';

-- Each target has a worker, which takes what is due for it.
CREATE INDEX delivery_target_due ON delivery (target, next_try) WHERE state = 'pending';

-- The leaf licence of a key under a root key, a `pssh` box of PlayReady. It is wrapped, so that it cannot be changed or moved to another key.
CREATE TABLE leaf_licence (
    kid BLOB PRIMARY KEY REFERENCES content_key (kid),
    root_kid BLOB NOT NULL CHECK (length(root_kid) = 16),
    wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The contents that an account may use, by patterns; an account without any may use all.
CREATE TABLE account_content (
    account TEXT NOT NULL REFERENCES account (name),
    pattern TEXT NOT NULL CHECK (length(pattern) BETWEEN 1 AND 255),
    PRIMARY KEY (account, pattern)
) STRICT, WITHOUT ROWID;

-- A MAC over the row and its version, under a key that is wrapped in 'secret'.
ALTER TABLE account ADD COLUMN row_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN row_mac BLOB NOT NULL DEFAULT x'';
ALTER TABLE token ADD COLUMN row_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE token ADD COLUMN row_mac BLOB NOT NULL DEFAULT x'';
CREATE TABLE new_target (
    name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 200),
    url TEXT NOT NULL,
    -- PEM; keys are encrypted to it.
    certificate TEXT,
    -- PEM; may sign the target's certificate for TLS.
    ca TEXT,
    -- Milliseconds.
    timeout INTEGER NOT NULL CHECK (timeout > 0),
    -- Credentials.
    wrapped BLOB,
    row_version INTEGER NOT NULL DEFAULT 0,
    row_mac BLOB NOT NULL DEFAULT x''
) STRICT;
INSERT INTO new_target (name, url, certificate, ca, timeout, wrapped) SELECT name, url, certificate, ca, timeout, wrapped FROM target;
DROP TABLE target;
ALTER TABLE new_target RENAME TO target;

-- The number of changes to the signed rows, and a MAC over all of them. The audit's seal covers both.
ALTER TABLE audit_head ADD COLUMN row_changes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit_head ADD COLUMN row_mac BLOB NOT NULL DEFAULT x'';

-- A number that grows with each change to a content or a key, whoever makes it, so that what was read before is known to be out of date.
-- New contents, keys and slots change nothing that was read.
ALTER TABLE audit_head ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
CREATE TRIGGER content_key_revised AFTER UPDATE ON content_key
BEGIN UPDATE audit_head SET revision = revision + 1; END;
CREATE TRIGGER content_revised AFTER UPDATE ON content
BEGIN UPDATE audit_head SET revision = revision + 1; END;
CREATE TRIGGER content_removed AFTER DELETE ON content
BEGIN UPDATE audit_head SET revision = revision + 1; END;
CREATE TRIGGER content_track_added AFTER INSERT ON content_track
BEGIN UPDATE audit_head SET revision = revision + 1; END;
CREATE TRIGGER content_track_revised AFTER UPDATE ON content_track
BEGIN UPDATE audit_head SET revision = revision + 1; END;
CREATE TRIGGER content_track_removed AFTER DELETE ON content_track
BEGIN UPDATE audit_head SET revision = revision + 1; END;
CREATE TRIGGER content_target_added AFTER INSERT ON content_target
BEGIN UPDATE audit_head SET revision = revision + 1; END;
CREATE TRIGGER content_target_revised AFTER UPDATE ON content_target
BEGIN UPDATE audit_head SET revision = revision + 1; END;
CREATE TRIGGER content_target_removed AFTER DELETE ON content_target
BEGIN UPDATE audit_head SET revision = revision + 1; END;

UPDATE kek SET state = 'retired' WHERE state = 'old';
DELETE FROM kek WHERE id = 'master';
