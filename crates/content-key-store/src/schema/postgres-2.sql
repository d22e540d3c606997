-- SPDX-License-Identifier: MPL-2.0
-- The key store, version 2, for PostgreSQL: who may do what, where keys go, and indexes for lists.

CREATE TABLE account (
    name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 255),
    -- SHA-256 of the client certificate that it signs in with.
    certificate BYTEA UNIQUE CHECK (length(certificate) = 32),
    created BIGINT NOT NULL,
    disabled BIGINT
);

CREATE TABLE account_role (
    account TEXT NOT NULL REFERENCES account (name),
    role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'key-admin', 'auditor', 'license-server', 'packager', 'admin')),
    PRIMARY KEY (account, role)
);
CREATE INDEX account_role_role ON account_role (role, account);

-- A token itself is not here: only a MAC of it, under a key that is wrapped in 'secret'.
CREATE TABLE token (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (name),
    label TEXT NOT NULL,
    mac BYTEA NOT NULL UNIQUE CHECK (length(mac) = 16),
    created BIGINT NOT NULL,
    expires BIGINT,
    revoked BIGINT
);
CREATE INDEX token_account ON token (account, created, id);

CREATE TABLE target (
    name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 200),
    url TEXT NOT NULL,
    -- PEM; keys are encrypted to it.
    certificate TEXT,
    -- PEM; may sign the target's certificate for TLS.
    ca TEXT,
    -- Milliseconds.
    timeout BIGINT NOT NULL CHECK (timeout > 0),
    -- Credentials.
    wrapped BYTEA,
    kek_id TEXT REFERENCES kek (id),
    CHECK ((wrapped IS NULL) = (kek_id IS NULL))
);

-- What was answered to requests that may come again.
CREATE TABLE idempotency (
    account TEXT NOT NULL,
    key TEXT NOT NULL,
    -- SHA-256 of the request.
    request BYTEA NOT NULL CHECK (length(request) = 32),
    status BIGINT NOT NULL CHECK (status BETWEEN 100 AND 999),
    body BYTEA NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (account, key)
);
CREATE INDEX idempotency_created ON idempotency (created);

CREATE INDEX content_rotating ON content (id, crypto_period) WHERE crypto_period IS NOT NULL;
CREATE INDEX content_target_target ON content_target (target, content_id);
CREATE INDEX content_key_state ON content_key (state, created, kid);
CREATE INDEX content_key_seed ON content_key (seed, created, kid);
CREATE INDEX key_slot_period ON key_slot (content_id, period, label, mode, kid);
CREATE INDEX key_slot_content_kid ON key_slot (content_id, kid);
CREATE INDEX delivery_given_up ON delivery (kid) WHERE state = 'given-up';
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE INDEX audit_action ON audit (action, seq);
CREATE INDEX audit_time ON audit (time, seq);

CREATE TRIGGER account_fixed BEFORE UPDATE ON account FOR EACH ROW
    WHEN (NEW.name <> OLD.name OR NEW.created <> OLD.created)
    EXECUTE FUNCTION key_store_refuse('an account keeps its name; add another');
CREATE TRIGGER account_delete BEFORE DELETE OR TRUNCATE ON account FOR EACH STATEMENT
    EXECUTE FUNCTION key_store_refuse('the audit names the account; disable it instead of removing it');
CREATE TRIGGER token_fixed BEFORE UPDATE ON token FOR EACH ROW
    WHEN (NEW.id <> OLD.id OR NEW.account <> OLD.account OR NEW.mac <> OLD.mac OR NEW.created <> OLD.created
        OR NEW.expires IS DISTINCT FROM OLD.expires OR (OLD.revoked IS NOT NULL AND NEW.revoked IS DISTINCT FROM OLD.revoked))
    EXECUTE FUNCTION key_store_refuse('a token does not change and stays revoked; make another');
CREATE TRIGGER token_delete BEFORE DELETE OR TRUNCATE ON token FOR EACH STATEMENT
    EXECUTE FUNCTION key_store_refuse('a token stays known; revoke it instead of removing it');
