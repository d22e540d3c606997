-- SPDX-License-Identifier: MPL-2.0
-- The key store, version 1, for PostgreSQL. Times are milliseconds since 1970 (UTC); KIDs are 16 bytes in UUID order.
-- Rules that must hold whoever writes are constraints and triggers here; their messages start with 'rule: '.

CREATE TABLE kek (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('current', 'old', 'retired')),
    created BIGINT NOT NULL,
    -- Of a passphrase: how Argon2id makes the key.
    salt BYTEA, memory_kib BIGINT, passes BIGINT, lanes BIGINT,
    CHECK ((salt IS NULL) = (memory_kib IS NULL) AND (salt IS NULL) = (passes IS NULL) AND (salt IS NULL) = (lanes IS NULL))
);
CREATE UNIQUE INDEX kek_current ON kek (state) WHERE state = 'current';

-- The store's own keys: for the audit's chain and for fingerprints.
CREATE TABLE secret (
    name TEXT PRIMARY KEY,
    wrapped BYTEA NOT NULL,
    kek_id TEXT NOT NULL REFERENCES kek (id)
);

CREATE TABLE seed (
    name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 255),
    wrapped BYTEA NOT NULL CHECK (length(wrapped) = 58),
    kek_id TEXT NOT NULL REFERENCES kek (id),
    fingerprint BYTEA NOT NULL UNIQUE CHECK (length(fingerprint) = 16),
    created BIGINT NOT NULL,
    retired BIGINT
);

CREATE TABLE content (
    id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 255),
    scheme TEXT NOT NULL CHECK (scheme IN ('cenc', 'cens', 'cbc1', 'cbcs')),
    header_version TEXT,
    la_url TEXT,
    lui_url TEXT,
    ds_id TEXT,
    custom_attributes TEXT,
    -- Milliseconds of a crypto period.
    crypto_period BIGINT CHECK (crypto_period > 0),
    seed TEXT REFERENCES seed (name),
    created BIGINT NOT NULL
);

CREATE TABLE content_track (
    content_id TEXT NOT NULL REFERENCES content (id),
    selector TEXT NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (content_id, selector)
);

-- Who must have acknowledged a key of the content before it becomes active.
CREATE TABLE content_target (
    content_id TEXT NOT NULL REFERENCES content (id),
    target TEXT NOT NULL,
    PRIMARY KEY (content_id, target)
);

CREATE TABLE content_key (
    kid BYTEA PRIMARY KEY CHECK (length(kid) = 16 AND kid <> '\x00000000000000000000000000000000'),
    mode TEXT NOT NULL CHECK (mode IN ('ctr', 'cbc')),
    wrapped BYTEA NOT NULL CHECK (length(wrapped) = 44),
    kek_id TEXT NOT NULL REFERENCES kek (id),
    fingerprint BYTEA NOT NULL CHECK (length(fingerprint) = 16),
    origin TEXT NOT NULL CHECK (origin IN ('random', 'entered', 'seed', 'imported')),
    seed TEXT REFERENCES seed (name),
    state TEXT NOT NULL CHECK (state IN ('planned', 'delivered', 'active', 'retired')),
    created BIGINT NOT NULL,
    delivered BIGINT,
    activated BIGINT,
    retired BIGINT,
    UNIQUE (kid, mode),
    CHECK ((origin = 'seed') = (seed IS NOT NULL))
);
CREATE INDEX content_key_fingerprint ON content_key (fingerprint);
CREATE INDEX content_key_kek ON content_key (kek_id);
CREATE INDEX content_key_created ON content_key (created, kid);

-- Which key a track has in a crypto period. A key of one cipher mode cannot stand where the other is asked for.
CREATE TABLE key_slot (
    content_id TEXT NOT NULL REFERENCES content (id),
    label TEXT NOT NULL CHECK (length(label) BETWEEN 1 AND 255),
    period BIGINT NOT NULL CHECK (period >= 0),
    mode TEXT NOT NULL,
    kid BYTEA NOT NULL,
    PRIMARY KEY (content_id, label, period, mode),
    FOREIGN KEY (kid, mode) REFERENCES content_key (kid, mode)
);
CREATE INDEX key_slot_kid ON key_slot (kid);

-- What licence servers are still to be told.
CREATE TABLE delivery (
    kid BYTEA NOT NULL REFERENCES content_key (kid),
    target TEXT NOT NULL CHECK (length(target) BETWEEN 1 AND 255),
    state TEXT NOT NULL CHECK (state IN ('pending', 'acknowledged', 'given-up')),
    attempts BIGINT NOT NULL,
    next_try BIGINT NOT NULL,
    acknowledged BIGINT,
    error TEXT,
    PRIMARY KEY (kid, target),
    CHECK ((state = 'acknowledged') = (acknowledged IS NOT NULL))
);
CREATE INDEX delivery_due ON delivery (next_try) WHERE state = 'pending';

CREATE TABLE audit (
    seq BIGINT PRIMARY KEY,
    time BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    result TEXT NOT NULL,
    mac BYTEA NOT NULL CHECK (length(mac) = 32)
);

-- The end of the audit's chain; who writes locks its row first.
CREATE TABLE audit_head (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    seq BIGINT NOT NULL,
    mac BYTEA NOT NULL,
    seal BYTEA NOT NULL
);
INSERT INTO audit_head VALUES (1, 0, '', '');

-- The trigger's argument is the rule that the statement would break.
CREATE FUNCTION key_store_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rule: %', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER audit_update BEFORE UPDATE ON audit FOR EACH STATEMENT
    EXECUTE FUNCTION key_store_refuse('rows of the audit cannot be changed');
CREATE TRIGGER audit_delete BEFORE DELETE OR TRUNCATE ON audit FOR EACH STATEMENT
    EXECUTE FUNCTION key_store_refuse('rows of the audit cannot be removed');
CREATE TRIGGER audit_head_delete BEFORE DELETE OR TRUNCATE ON audit_head FOR EACH STATEMENT
    EXECUTE FUNCTION key_store_refuse('the end of the audit cannot be removed');

CREATE TRIGGER content_key_delete BEFORE DELETE OR TRUNCATE ON content_key FOR EACH STATEMENT
    EXECUTE FUNCTION key_store_refuse('a KID means its key for ever; retire the key instead of removing it');
CREATE TRIGGER content_key_fixed BEFORE UPDATE ON content_key FOR EACH ROW
    WHEN (NEW.kid <> OLD.kid OR NEW.mode <> OLD.mode OR NEW.fingerprint <> OLD.fingerprint OR NEW.origin <> OLD.origin
        OR NEW.seed IS DISTINCT FROM OLD.seed OR NEW.created <> OLD.created
        OR (NEW.wrapped <> OLD.wrapped AND NEW.kek_id = OLD.kek_id))
    EXECUTE FUNCTION key_store_refuse('a KID means one key in one cipher mode for ever; use another KID');
CREATE TRIGGER content_key_forward BEFORE UPDATE OF state ON content_key FOR EACH ROW
    WHEN (array_position(ARRAY['planned', 'delivered', 'active', 'retired'], NEW.state)
        < array_position(ARRAY['planned', 'delivered', 'active', 'retired'], OLD.state))
    EXECUTE FUNCTION key_store_refuse('keys go from planned over delivered and active to retired, never back; make a new key');
-- Looks at the tables beside it, wherever the session would look.
CREATE FUNCTION key_store_delivered() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM key_slot JOIN content_target USING (content_id)
        LEFT JOIN delivery ON delivery.kid = key_slot.kid AND delivery.target = content_target.target
        WHERE key_slot.kid = NEW.kid AND delivery.acknowledged IS NULL
    ) THEN
        RAISE EXCEPTION 'rule: a required target has not acknowledged the key; deliver it first'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER content_key_delivered BEFORE UPDATE OF state ON content_key FOR EACH ROW
    WHEN (NEW.state <> OLD.state AND NEW.state IN ('delivered', 'active'))
    EXECUTE FUNCTION key_store_delivered();

CREATE TRIGGER key_slot_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON key_slot FOR EACH STATEMENT
    EXECUTE FUNCTION key_store_refuse('a track keeps its key in a crypto period; change keys with the next one');

CREATE TRIGGER seed_fixed BEFORE UPDATE ON seed FOR EACH ROW
    WHEN (NEW.name <> OLD.name OR NEW.fingerprint <> OLD.fingerprint OR NEW.created <> OLD.created
        OR (NEW.wrapped <> OLD.wrapped AND NEW.kek_id = OLD.kek_id))
    EXECUTE FUNCTION key_store_refuse('a seed does not change; add another by a new name');
CREATE TRIGGER seed_delete BEFORE DELETE OR TRUNCATE ON seed FOR EACH STATEMENT
    EXECUTE FUNCTION key_store_refuse('keys came from the seed; retire it instead of removing it');
