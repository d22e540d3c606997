-- SPDX-License-Identifier: MPL-2.0
-- The key store, version 1, for SQLite. Times are milliseconds since 1970 (UTC); KIDs are 16 bytes in UUID order.
-- Rules that must hold whoever writes are constraints and triggers here; their messages start with 'rule: '.

CREATE TABLE kek (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('current', 'old', 'retired')),
    created INTEGER NOT NULL,
    -- Of a passphrase: how Argon2id makes the key.
    salt BLOB, memory_kib INTEGER, passes INTEGER, lanes INTEGER,
    CHECK ((salt IS NULL) = (memory_kib IS NULL) AND (salt IS NULL) = (passes IS NULL) AND (salt IS NULL) = (lanes IS NULL))
) STRICT;
CREATE UNIQUE INDEX kek_current ON kek (state) WHERE state = 'current';

-- The store's own keys: for the audit's chain and for fingerprints.
CREATE TABLE secret (
    name TEXT PRIMARY KEY,
    wrapped BLOB NOT NULL,
    kek_id TEXT NOT NULL REFERENCES kek (id)
) STRICT;

CREATE TABLE seed (
    name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 255),
    wrapped BLOB NOT NULL CHECK (length(wrapped) = 58),
    kek_id TEXT NOT NULL REFERENCES kek (id),
    fingerprint BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 16),
    created INTEGER NOT NULL,
    retired INTEGER
) STRICT;

CREATE TABLE content (
    id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 255),
    scheme TEXT NOT NULL CHECK (scheme IN ('cenc', 'cens', 'cbc1', 'cbcs')),
    header_version TEXT,
    la_url TEXT,
    lui_url TEXT,
    ds_id TEXT,
    custom_attributes TEXT,
    -- Milliseconds of a crypto period.
    crypto_period INTEGER CHECK (crypto_period > 0),
    seed TEXT REFERENCES seed (name),
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE content_track (
    content_id TEXT NOT NULL REFERENCES content (id),
    selector TEXT NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (content_id, selector)
) STRICT;

-- Who must have acknowledged a key of the content before it becomes active.
CREATE TABLE content_target (
    content_id TEXT NOT NULL REFERENCES content (id),
    target TEXT NOT NULL,
    PRIMARY KEY (content_id, target)
) STRICT;

CREATE TABLE content_key (
    kid BLOB PRIMARY KEY CHECK (length(kid) = 16 AND kid <> x'00000000000000000000000000000000'),
    mode TEXT NOT NULL CHECK (mode IN ('ctr', 'cbc')),
    wrapped BLOB NOT NULL CHECK (length(wrapped) = 44),
    kek_id TEXT NOT NULL REFERENCES kek (id),
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 16),
    origin TEXT NOT NULL CHECK (origin IN ('random', 'entered', 'seed', 'imported')),
    seed TEXT REFERENCES seed (name),
    state TEXT NOT NULL CHECK (state IN ('planned', 'delivered', 'active', 'retired')),
    created INTEGER NOT NULL,
    delivered INTEGER,
    activated INTEGER,
    retired INTEGER,
    UNIQUE (kid, mode),
    CHECK ((origin = 'seed') = (seed IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX content_key_fingerprint ON content_key (fingerprint);
CREATE INDEX content_key_kek ON content_key (kek_id);
CREATE INDEX content_key_created ON content_key (created, kid);

-- Which key a track has in a crypto period. A key of one cipher mode cannot stand where the other is asked for.
CREATE TABLE key_slot (
    content_id TEXT NOT NULL REFERENCES content (id),
    label TEXT NOT NULL CHECK (length(label) BETWEEN 1 AND 255),
    period INTEGER NOT NULL CHECK (period >= 0),
    mode TEXT NOT NULL,
    kid BLOB NOT NULL,
    PRIMARY KEY (content_id, label, period, mode),
    FOREIGN KEY (kid, mode) REFERENCES content_key (kid, mode)
) STRICT, WITHOUT ROWID;
CREATE INDEX key_slot_kid ON key_slot (kid);

-- What licence servers are still to be told.
CREATE TABLE delivery (
    kid BLOB NOT NULL REFERENCES content_key (kid),
    target TEXT NOT NULL CHECK (length(target) BETWEEN 1 AND 255),
    state TEXT NOT NULL CHECK (state IN ('pending', 'acknowledged', 'given-up')),
    attempts INTEGER NOT NULL,
    next_try INTEGER NOT NULL,
    acknowledged INTEGER,
    error TEXT,
    PRIMARY KEY (kid, target),
    CHECK ((state = 'acknowledged') = (acknowledged IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_due ON delivery (next_try) WHERE state = 'pending';

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    result TEXT NOT NULL,
    mac BLOB NOT NULL CHECK (length(mac) = 32)
) STRICT;

-- The end of the audit's chain.
CREATE TABLE audit_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    mac BLOB NOT NULL,
    seal BLOB NOT NULL
) STRICT;
INSERT INTO audit_head VALUES (1, 0, x'', x'');

CREATE TRIGGER audit_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'rule: rows of the audit cannot be changed'); END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'rule: rows of the audit cannot be removed'); END;
-- INSERT OR REPLACE would remove without firing the trigger above.
CREATE TRIGGER audit_insert BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'rule: rows of the audit cannot be replaced'); END;
CREATE TRIGGER audit_head_delete BEFORE DELETE ON audit_head
BEGIN SELECT RAISE(ABORT, 'rule: the end of the audit cannot be removed'); END;

CREATE TRIGGER content_key_delete BEFORE DELETE ON content_key
BEGIN SELECT RAISE(ABORT, 'rule: a KID means its key for ever; retire the key instead of removing it'); END;
CREATE TRIGGER content_key_insert BEFORE INSERT ON content_key WHEN EXISTS (SELECT 1 FROM content_key WHERE kid = NEW.kid)
BEGIN SELECT RAISE(ABORT, 'rule: the KID has a key already; use another KID'); END;
CREATE TRIGGER content_key_fixed BEFORE UPDATE ON content_key
WHEN NEW.kid <> OLD.kid OR NEW.mode <> OLD.mode OR NEW.fingerprint <> OLD.fingerprint OR NEW.origin <> OLD.origin
    OR NEW.seed IS NOT OLD.seed OR NEW.created <> OLD.created OR (NEW.wrapped <> OLD.wrapped AND NEW.kek_id = OLD.kek_id)
BEGIN SELECT RAISE(ABORT, 'rule: a KID means one key in one cipher mode for ever; use another KID'); END;
CREATE TRIGGER content_key_forward BEFORE UPDATE OF state ON content_key
WHEN NEW.state <> OLD.state AND instr('planned delivered active retired', NEW.state) < instr('planned delivered active retired', OLD.state)
BEGIN SELECT RAISE(ABORT, 'rule: keys go from planned over delivered and active to retired, never back; make a new key'); END;
CREATE TRIGGER content_key_delivered BEFORE UPDATE OF state ON content_key
WHEN NEW.state <> OLD.state AND NEW.state IN ('delivered', 'active') AND EXISTS (
    SELECT 1 FROM key_slot JOIN content_target USING (content_id)
    LEFT JOIN delivery ON delivery.kid = key_slot.kid AND delivery.target = content_target.target
    WHERE key_slot.kid = NEW.kid AND delivery.acknowledged IS NULL)
BEGIN SELECT RAISE(ABORT, 'rule: a required target has not acknowledged the key; deliver it first'); END;

CREATE TRIGGER key_slot_fixed BEFORE UPDATE ON key_slot
BEGIN SELECT RAISE(ABORT, 'rule: a track keeps its key in a crypto period; change keys with the next one'); END;
CREATE TRIGGER key_slot_delete BEFORE DELETE ON key_slot
BEGIN SELECT RAISE(ABORT, 'rule: a track keeps its key in a crypto period; change keys with the next one'); END;
CREATE TRIGGER key_slot_insert BEFORE INSERT ON key_slot
WHEN EXISTS (SELECT 1 FROM key_slot WHERE content_id = NEW.content_id AND label = NEW.label AND period = NEW.period AND mode = NEW.mode)
BEGIN SELECT RAISE(ABORT, 'rule: a track keeps its key in a crypto period; change keys with the next one'); END;

CREATE TRIGGER seed_fixed BEFORE UPDATE ON seed
WHEN NEW.name <> OLD.name OR NEW.fingerprint <> OLD.fingerprint OR NEW.created <> OLD.created
    OR (NEW.wrapped <> OLD.wrapped AND NEW.kek_id = OLD.kek_id)
BEGIN SELECT RAISE(ABORT, 'rule: a seed does not change; add another by a new name'); END;
CREATE TRIGGER seed_insert BEFORE INSERT ON seed WHEN EXISTS (SELECT 1 FROM seed WHERE name = NEW.name)
BEGIN SELECT RAISE(ABORT, 'rule: a seed does not change; add another by a new name'); END;
CREATE TRIGGER seed_delete BEFORE DELETE ON seed
BEGIN SELECT RAISE(ABORT, 'rule: keys came from the seed; retire it instead of removing it'); END;
