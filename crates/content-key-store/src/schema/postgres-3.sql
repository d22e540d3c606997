-- SPDX-License-Identifier: MPL-2.0
-- The key store, version 3, for PostgreSQL: a master key that wraps all secrets, so that a key-encryption key wraps one row; keys that
-- drain or are compromised; signed rows of accounts, tokens and targets; contents that an account is limited to; the store's identity.

-- A key's state and its place in the order, which a key only moves forward in.
CREATE TABLE key_state (
    name TEXT PRIMARY KEY,
    rank BIGINT NOT NULL UNIQUE
);
INSERT INTO key_state VALUES ('planned', 0), ('delivered', 1), ('active', 2), ('draining', 3), ('retired', 4), ('compromised', 5);

CREATE TABLE store_identity (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL
);
CREATE TRIGGER store_identity_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON store_identity FOR EACH STATEMENT
    EXECUTE FUNCTION key_store_refuse('a store keeps its id');

-- The key that wraps all other secrets, wrapped itself under a key-encryption key.
CREATE TABLE master_key (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    wrapped BYTEA NOT NULL CHECK (length(wrapped) = 60),
    kek_id TEXT NOT NULL REFERENCES kek (id)
);

DROP TRIGGER seed_fixed ON seed;
DROP TRIGGER content_key_fixed ON content_key;
DROP TRIGGER content_key_forward ON content_key;
ALTER TABLE secret DROP COLUMN kek_id;
ALTER TABLE seed DROP COLUMN kek_id;
ALTER TABLE content_key DROP COLUMN kek_id;
ALTER TABLE target DROP COLUMN kek_id;
CREATE TRIGGER seed_fixed BEFORE UPDATE ON seed FOR EACH ROW
    WHEN (NEW.name <> OLD.name OR NEW.fingerprint <> OLD.fingerprint OR NEW.created <> OLD.created OR NEW.wrapped <> OLD.wrapped)
    EXECUTE FUNCTION key_store_refuse('a seed does not change; add another by a new name');

-- Keys that version 2 retired because their crypto period had ended drain. Keys that a person retired stay retired.
ALTER TABLE content_key DROP CONSTRAINT content_key_state_check;
ALTER TABLE content_key ADD COLUMN draining BIGINT;
ALTER TABLE content_key ADD COLUMN compromised BIGINT;
UPDATE content_key SET state = 'draining', draining = retired, retired = NULL WHERE state = 'retired' AND encode(kid, 'hex') NOT IN (
    SELECT replace(object, '-', '') FROM audit WHERE action = 'retired' AND actor NOT IN ('packager', 'server') AND result = 'ok');
ALTER TABLE content_key ADD FOREIGN KEY (state) REFERENCES key_state (name);
CREATE TRIGGER content_key_fixed BEFORE UPDATE ON content_key FOR EACH ROW
    WHEN (NEW.kid <> OLD.kid OR NEW.mode <> OLD.mode OR NEW.fingerprint <> OLD.fingerprint OR NEW.origin <> OLD.origin
        OR NEW.seed IS DISTINCT FROM OLD.seed OR NEW.created <> OLD.created OR NEW.wrapped <> OLD.wrapped)
    EXECUTE FUNCTION key_store_refuse('a KID means one key in one cipher mode for ever; use another KID');
-- Looks at the tables beside it, wherever the session would look.
CREATE FUNCTION key_store_forward() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF (SELECT rank FROM key_state WHERE name = NEW.state) < (SELECT rank FROM key_state WHERE name = OLD.state) THEN
        RAISE EXCEPTION
            'rule: keys go from planned over delivered, active and draining to retired or compromised, never back; make a new key'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER content_key_forward BEFORE UPDATE OF state ON content_key FOR EACH ROW EXECUTE FUNCTION key_store_forward();

-- The last row of the audit that was removed because it was older than the operator keeps, with a MAC: the audit starts after it.
CREATE TABLE audit_start (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    seq BIGINT NOT NULL,
    mac BYTEA NOT NULL,
    seal BYTEA NOT NULL
);
INSERT INTO audit_start VALUES (1, 0, '', '');
CREATE FUNCTION key_store_audit_start() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq <= OLD.seq OR NEW.seq >= (SELECT seq FROM audit_head) THEN
        RAISE EXCEPTION 'rule: the start of the audit only moves forward' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_start_forward BEFORE UPDATE ON audit_start FOR EACH ROW EXECUTE FUNCTION key_store_audit_start();
CREATE TRIGGER audit_start_delete BEFORE DELETE OR TRUNCATE ON audit_start FOR EACH STATEMENT
    EXECUTE FUNCTION key_store_refuse('the start of the audit cannot be removed');
CREATE FUNCTION key_store_audit_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.seq > (SELECT seq FROM audit_start) THEN
        RAISE EXCEPTION 'rule: rows of the audit cannot be removed' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN OLD;
END $$;
DROP TRIGGER audit_delete ON audit;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit FOR EACH ROW EXECUTE FUNCTION key_store_audit_kept();
CREATE TRIGGER audit_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT
    EXECUTE FUNCTION key_store_refuse('rows of the audit cannot be removed');

-- The number of keys in each state, which a page shows and nobody has the time to count.
CREATE TABLE key_count (
    state TEXT PRIMARY KEY REFERENCES key_state (name),
    count BIGINT NOT NULL
);
INSERT INTO key_count SELECT name, (SELECT COUNT(*) FROM content_key WHERE state = name) FROM key_state;
-- Looks at the tables beside it, wherever the session would look. A statement that adds many keys changes each count once.
CREATE FUNCTION key_store_count() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE key_count SET count = count + added.keys FROM (SELECT state, COUNT(*) AS keys FROM new_key GROUP BY state) AS added
        WHERE key_count.state = added.state;
    IF TG_OP = 'UPDATE' THEN
        UPDATE key_count SET count = count - removed.keys FROM (SELECT state, COUNT(*) AS keys FROM old_key GROUP BY state) AS removed
            WHERE key_count.state = removed.state;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER content_key_count_new AFTER INSERT ON content_key REFERENCING NEW TABLE AS new_key FOR EACH STATEMENT
    EXECUTE FUNCTION key_store_count();
CREATE TRIGGER content_key_count AFTER UPDATE ON content_key REFERENCING OLD TABLE AS old_key NEW TABLE AS new_key
    FOR EACH STATEMENT EXECUTE FUNCTION key_store_count();

-- Lists are sorted by the bytes of ids and labels, as in SQLite, so that an index finds the ids with a start.
ALTER TABLE content ALTER COLUMN id TYPE TEXT COLLATE "C";
ALTER TABLE content_track ALTER COLUMN content_id TYPE TEXT COLLATE "C";
ALTER TABLE content_target ALTER COLUMN content_id TYPE TEXT COLLATE "C";
ALTER TABLE key_slot ALTER COLUMN content_id TYPE TEXT COLLATE "C", ALTER COLUMN label TYPE TEXT COLLATE "C";

-- The page shows the contents whose keys change next.
CREATE INDEX content_crypto_period ON content (crypto_period, id) WHERE crypto_period IS NOT NULL;

-- Deliveries that are done are removed after a time.
CREATE INDEX delivery_acknowledged ON delivery (acknowledged) WHERE state = 'acknowledged';

-- Each target has a worker, which takes what is due for it.
CREATE INDEX delivery_target_due ON delivery (target, next_try) WHERE state = 'pending';

-- The leaf licence of a key under a root key, a `pssh` box of PlayReady. It is wrapped, so that it cannot be changed or moved to another key.
CREATE TABLE leaf_licence (
    kid BYTEA PRIMARY KEY REFERENCES content_key (kid),
    root_kid BYTEA NOT NULL CHECK (length(root_kid) = 16),
    wrapped BYTEA NOT NULL
);

-- The contents that an account may use, by patterns; an account without any may use all.
CREATE TABLE account_content (
    account TEXT NOT NULL REFERENCES account (name),
    pattern TEXT COLLATE "C" NOT NULL CHECK (length(pattern) BETWEEN 1 AND 255),
    PRIMARY KEY (account, pattern)
);

-- A MAC over the row and its version, under a key that is wrapped in 'secret'.
ALTER TABLE account ADD COLUMN row_version BIGINT NOT NULL DEFAULT 0, ADD COLUMN row_mac BYTEA NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN row_version BIGINT NOT NULL DEFAULT 0, ADD COLUMN row_mac BYTEA NOT NULL DEFAULT '';
ALTER TABLE target ADD COLUMN row_version BIGINT NOT NULL DEFAULT 0, ADD COLUMN row_mac BYTEA NOT NULL DEFAULT '';

-- The number of changes to the signed rows, and a MAC over all of them. The audit's seal covers both.
ALTER TABLE audit_head ADD COLUMN row_changes BIGINT NOT NULL DEFAULT 0, ADD COLUMN row_mac BYTEA NOT NULL DEFAULT '';

-- A number that grows with each change to a content or a key, whoever makes it, so that what was read before is known to be out of date.
-- It is taken from the clock, so that after a failover no number stands for two states. New contents, keys and slots change nothing that
-- was read.
ALTER TABLE audit_head ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
CREATE FUNCTION key_store_revise() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE audit_head SET revision = GREATEST(revision + 1, (EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT);
    RETURN NULL;
END $$;
CREATE TRIGGER content_key_revised AFTER UPDATE ON content_key FOR EACH ROW EXECUTE FUNCTION key_store_revise();
CREATE TRIGGER content_revised AFTER UPDATE OR DELETE ON content FOR EACH ROW EXECUTE FUNCTION key_store_revise();
CREATE TRIGGER content_track_revised AFTER INSERT OR UPDATE OR DELETE ON content_track
    FOR EACH ROW EXECUTE FUNCTION key_store_revise();
CREATE TRIGGER content_target_revised AFTER INSERT OR UPDATE OR DELETE ON content_target
    FOR EACH ROW EXECUTE FUNCTION key_store_revise();
CREATE TRIGGER content_track_emptied AFTER TRUNCATE ON content_track FOR EACH STATEMENT EXECUTE FUNCTION key_store_revise();
CREATE TRIGGER content_target_emptied AFTER TRUNCATE ON content_target FOR EACH STATEMENT EXECUTE FUNCTION key_store_revise();

UPDATE kek SET state = 'retired' WHERE state = 'old';
DELETE FROM kek WHERE id = 'master';
