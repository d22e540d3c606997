-- SPDX-License-Identifier: MPL-2.0
-- A store of version 2, as `playready-packager serve` of that version wrote it: sqlite3 keys.db .dump
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE kek (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('current', 'old', 'retired')),
    created INTEGER NOT NULL,
    -- Of a passphrase: how Argon2id makes the key.
    salt BLOB, memory_kib INTEGER, passes INTEGER, lanes INTEGER,
    CHECK ((salt IS NULL) = (memory_kib IS NULL) AND (salt IS NULL) = (passes IS NULL) AND (salt IS NULL) = (lanes IS NULL))
) STRICT;
INSERT INTO kek VALUES('4363a49d53732a3a','current',1795945646523,NULL,NULL,NULL,NULL);
CREATE TABLE secret (
    name TEXT PRIMARY KEY,
    wrapped BLOB NOT NULL,
    kek_id TEXT NOT NULL REFERENCES kek (id)
) STRICT;
INSERT INTO secret VALUES('audit',X'93f3418c50a1f2d88a1b81eb2fb72fca675985ea15f62a35032bdbafd02d7e14738c7fa616401eae4a94a7d14f0aea62ff1a8eaa7c9df2370d47aa94','4363a49d53732a3a');
INSERT INTO secret VALUES('fingerprint',X'74083409bef9945d177960558cbb48196d98716f9b4901e50e10303edfdf0d119269665dd57878f7a19e84b9a4818fa518a80eeee75da8ffdaba529c','4363a49d53732a3a');
CREATE TABLE seed (
    name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 255),
    wrapped BLOB NOT NULL CHECK (length(wrapped) = 58),
    kek_id TEXT NOT NULL REFERENCES kek (id),
    fingerprint BLOB NOT NULL UNIQUE CHECK (length(fingerprint) = 16),
    created INTEGER NOT NULL,
    retired INTEGER
) STRICT;
INSERT INTO seed VALUES('main',X'2c390e50e7a49c9f2108bebde494bf05bd31ca7ab81b6d2af85706af28121a4ee826739e8617d94bea852b66b861c96024d58b42af5cd47df6e7','4363a49d53732a3a',X'cf6c482644168e45d25b25a748837b76',1795945646673,NULL);
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
INSERT INTO content VALUES('film','cenc',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795945646752);
INSERT INTO content VALUES('seeded','cbcs',NULL,NULL,NULL,NULL,NULL,NULL,'main',1795945646754);
INSERT INTO content VALUES('live','cenc',NULL,NULL,NULL,NULL,NULL,3600000,NULL,1795945646756);
CREATE TABLE content_track (
    content_id TEXT NOT NULL REFERENCES content (id),
    selector TEXT NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (content_id, selector)
) STRICT;
INSERT INTO content_track VALUES('film','video','VIDEO');
INSERT INTO content_track VALUES('film','audio','AUDIO');
CREATE TABLE content_target (
    content_id TEXT NOT NULL REFERENCES content (id),
    target TEXT NOT NULL,
    PRIMARY KEY (content_id, target)
) STRICT;
INSERT INTO content_target VALUES('film','licences');
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
INSERT INTO content_key VALUES(X'11112222333344445555666677778888','ctr',X'2383bafc350dffee5ba1354d061b1fa04a490a9ce9d11a7d879f47b2f464e93f4bc37ac118cf6e9bdb6f9830','4363a49d53732a3a',X'561a62725d27c89a1f3ebddcfbc9dbfe','entered',NULL,'planned',1795945646760,NULL,NULL,NULL);
INSERT INTO content_key VALUES(X'21112222333344445555666677778888','ctr',X'12094c17b1ebc87c098f364540bff15a53b2071cf0cc6a8bd8a2315a566f06d95a5a42f222aa251855fa3d76','4363a49d53732a3a',X'a6146cce7450f5610a31563baa3f12a5','entered',NULL,'retired',1795945646762,NULL,NULL,1795945646764);
INSERT INTO content_key VALUES(X'37a03e8d601d4b03a27411fce9a14b54','ctr',X'69603e2da0e147de6bb0ed2000df3c15b729f8b7410035a2983586c3aec53d7fdacddd71f440b599215a99c5','4363a49d53732a3a',X'4e25551f70918f46d4dcc4139545d58b','random',NULL,'planned',1795945646758,NULL,NULL,NULL);
INSERT INTO content_key VALUES(X'3d2e0de1b26f59a7afd959dfded8f32a','ctr',X'ca447e13724a428dbc5dc7d253df803f0546551fe35d1e7a6210ae08c8b249e8090b5dd3184765f14f9a1508','4363a49d53732a3a',X'584938570e7da7fbd943da1644165785','random',NULL,'planned',1795945646766,NULL,NULL,NULL);
INSERT INTO content_key VALUES(X'4a573c31686e5c8fac6fc01034e8e395','ctr',X'f04e8a49addd6eafee39e3b56bb9bdd2cce0f281382ac1726c709e54a04c597e8f480f4686eab8e59d05a122','4363a49d53732a3a',X'b55a57848038b1048c1afc5d9e8905dd','random',NULL,'planned',1795945647559,NULL,NULL,NULL);
INSERT INTO content_key VALUES(X'ca52f13d5c08574bb8cb2d4cb8dab90c','ctr',X'4472d69f6b9b0c58bd2c348ba616b1f4b7d4a908f9198423c6b6ce614dbf4e3f6653f3b36674d136a3d9ed90','4363a49d53732a3a',X'07d33fcf978bdd5c08f555bd830f6a35','random',NULL,'active',1795945647543,NULL,1795945647568,NULL);
CREATE TABLE key_slot (
    content_id TEXT NOT NULL REFERENCES content (id),
    label TEXT NOT NULL CHECK (length(label) BETWEEN 1 AND 255),
    period INTEGER NOT NULL CHECK (period >= 0),
    mode TEXT NOT NULL,
    kid BLOB NOT NULL,
    PRIMARY KEY (content_id, label, period, mode),
    FOREIGN KEY (kid, mode) REFERENCES content_key (kid, mode)
) STRICT, WITHOUT ROWID;
INSERT INTO key_slot VALUES('film','VIDEO',0,'ctr',X'37a03e8d601d4b03a27411fce9a14b54');
INSERT INTO key_slot VALUES('live','ALL',498874,'ctr',X'3d2e0de1b26f59a7afd959dfded8f32a');
INSERT INTO key_slot VALUES('live','ALL',498875,'ctr',X'4a573c31686e5c8fac6fc01034e8e395');
INSERT INTO key_slot VALUES('live','ALL',498873,'ctr',X'ca52f13d5c08574bb8cb2d4cb8dab90c');
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
INSERT INTO delivery VALUES(X'37a03e8d601d4b03a27411fce9a14b54','licences','pending',3,1795945650754,NULL,'server http://***@127.0.0.1:9/keys cannot be reached (attempts: 1): Connection refused (os error 111)');
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    result TEXT NOT NULL,
    mac BLOB NOT NULL CHECK (length(mac) = 32)
) STRICT;
INSERT INTO audit VALUES(1,1795945646523,'store','create','store','ok',X'6e96594a29572183992b2f567adc3a8b21ad8ae1e4861cf96e6cf9f063143c46');
INSERT INTO audit VALUES(2,1795945646533,'server','put account','admin','roles: viewer, operator, key-admin, auditor, license-server, packager, admin',X'a02348442a6544e54ef54c211d3242054869d0550d4eab2634dc18a9d4488c08');
INSERT INTO audit VALUES(3,1795945646536,'server','put token','admin','token 28ea9a64-a33b-4a4c-88eb-08177d3e6ab6 added',X'453eccda030f80def619b7bf4d61a9ea32ae52a837118b786ebbe252b6586496');
INSERT INTO audit VALUES(4,1795945646599,'admin','put account','op','roles: viewer, operator',X'8e628ddaf2fc0a7ee7a6eb3055ec9d2bde95bb2f1bfd31ee148e7b8e0c3de1b3');
INSERT INTO audit VALUES(5,1795945646624,'admin','put account','packager-1','roles: packager',X'8b19c814174d21f395de57456ebbc8b9ff22ff90ac19f471e289c79e73b953d2');
INSERT INTO audit VALUES(6,1795945646629,'admin','put account','licences','roles: license-server with a certificate',X'00e5d780cc218f379453a0c29b67beff0ebcb9a5b4b22222c83371d2e38d6e8a');
INSERT INTO audit VALUES(7,1795945646641,'admin','put account','gone','roles: admin',X'59b59427c052943bc6de8a9bc80cb81b866713271b6aade345b2920ec019b5a9');
INSERT INTO audit VALUES(8,1795945646643,'admin','disable account','gone','ok',X'872f66fceda2d475c183207ee663c1e2b43d7c372e4ce97de15b0e9648a29363');
INSERT INTO audit VALUES(9,1795945646654,'admin','new token','op','token 90de0ef1-5cf1-4aa4-9769-16c201791fe4',X'982e60d2158c49fec5f87177bc58f2e04e6f116016f10b995a23f6bb6f12f75e');
INSERT INTO audit VALUES(10,1795945646660,'admin','new token','packager-1','token d1350abd-a267-4e74-ac06-3677bab99f1e',X'46c110fb89a4f18bd3911f5d865248284e91ff0b011baf75c4a94f7f062613af');
INSERT INTO audit VALUES(11,1795945646668,'admin','revoke token','d1350abd-a267-4e74-ac06-3677bab99f1e','of packager-1',X'a2584bcda286892888cc0a08c4d1c0e35dba3cdbdd22d500888e0a756ccd926e');
INSERT INTO audit VALUES(12,1795945646673,'admin','put seed','main','fingerprint cf6c482644168e45d25b25a748837b76',X'd60a9f3b519d1b49cd990f8cca12a1f22c06e4035c2240cfc4bf728150cb54a9');
INSERT INTO audit VALUES(13,1795945646676,'admin','put target','licences','ok, with new credentials',X'1ae101e18aee617cc74c2594a357d8e5324e5d5e96fbc3f99e8ea8b8c2fc094c');
INSERT INTO audit VALUES(14,1795945646747,'admin','put target','plain','ok',X'1e2bd6a5f3438d5ccde7213305ad4218e34d3815eadb3feb784a12d8a53bc235');
INSERT INTO audit VALUES(15,1795945646752,'admin','put content','film','ok',X'ab4e79d377d71ac07018273d999cb44496df51453865752bdc07b846dc254b65');
INSERT INTO audit VALUES(16,1795945646754,'admin','put content','seeded','ok',X'aeab66b45d7f0ec7e42a29d5a0c0a9f50e6b2febf779fb081e1f117f058fef92');
INSERT INTO audit VALUES(17,1795945646756,'admin','put content','live','ok',X'1557b52a4af1491fea720d44affc301302def77de58a8ca32a0bd96e9f569da3');
INSERT INTO audit VALUES(18,1795945646758,'admin','insert','37a03e8d-601d-4b03-a274-11fce9a14b54','ok',X'313f615fe92888da73a8f55ec7da74a2b8b614222f0b1085a5a9531b66aeadd1');
INSERT INTO audit VALUES(19,1795945646760,'admin','insert','11112222-3333-4444-5555-666677778888','ok',X'733f086dcacfb46d5784db874e2771cb309eef85e2e69443c083afdad7834221');
INSERT INTO audit VALUES(20,1795945646762,'admin','insert','21112222-3333-4444-5555-666677778888','ok',X'3a7efb27589820fa51c34ec589ed927032998b54c136cf2af7395fb04f24cc90');
INSERT INTO audit VALUES(21,1795945646764,'admin','retired','21112222-3333-4444-5555-666677778888','ok',X'e2fdc0a34b1bc22a6bc1a3395c18da08c69b7b2031f837411fa23a59d4ad8421');
INSERT INTO audit VALUES(22,1795945646766,'admin','insert','3d2e0de1-b26f-59a7-afd9-59dfded8f32a','ok',X'aeeb62b2a07328db99b8ce3f3b33b9817b5240cf93c490d19b73f65e45cf9226');
INSERT INTO audit VALUES(23,1795945647543,'server','insert','ca52f13d-5c08-574b-b8cb-2d4cb8dab90c','ok',X'541235de19eb4d6e53445e5db7bb3aa114d238b1515d3d41283c51dde327f4ad');
INSERT INTO audit VALUES(24,1795945647560,'server','insert','4a573c31-686e-5c8f-ac6f-c01034e8e395','ok',X'f30d3ec4b3b3aefdd8b0e72acd3307f57a5830e2fc61aeb07eb179e33db46be7');
INSERT INTO audit VALUES(25,1795945647568,'server','active','ca52f13d-5c08-574b-b8cb-2d4cb8dab90c','ok',X'2e9716074047df10862adf58a66eaef62226add82513313df6724194f5665fbd');
INSERT INTO audit VALUES(26,1795945647589,'hand-off to licences','read','37a03e8d-601d-4b03-a274-11fce9a14b54','ok',X'be12a120af2a04f1e6b7e7badbe3a6f1f993d98cae9ba458228a75feaea512d5');
INSERT INTO audit VALUES(27,1795945647597,'hand-off to licences','delivery failed','37a03e8d-601d-4b03-a274-11fce9a14b54','licences: server http://***@127.0.0.1:9/keys cannot be reached (attempts: 1): Connection refused (os error 111)',X'ed580024fd2714797e146c73c1a530f9d86b0554807734eda10e9885c3537eb0');
INSERT INTO audit VALUES(28,1795945648616,'hand-off to licences','read','37a03e8d-601d-4b03-a274-11fce9a14b54','ok',X'ac698df5ff7db2a3154aa9647e33840e74e684e85c8acecca66a531efebb3997');
INSERT INTO audit VALUES(29,1795945648632,'hand-off to licences','delivery failed','37a03e8d-601d-4b03-a274-11fce9a14b54','licences: server http://***@127.0.0.1:9/keys cannot be reached (attempts: 1): Connection refused (os error 111)',X'd15368ce5f1b49826ead6f30c13ff359507df61d1c1f07f7c78df0282a60e67c');
INSERT INTO audit VALUES(30,1795945649656,'hand-off to licences','read','37a03e8d-601d-4b03-a274-11fce9a14b54','ok',X'be51cb9c32f6e000e809b37f187d3fb6cd55b2e51f1ee2309b64bcc8338c4a50');
INSERT INTO audit VALUES(31,1795945649664,'hand-off to licences','delivery failed','37a03e8d-601d-4b03-a274-11fce9a14b54','licences: server http://***@127.0.0.1:9/keys cannot be reached (attempts: 1): Connection refused (os error 111)',X'871d96add636156de968016bbac1090eb158d2b15cb44214ad27e6cacb570508');
CREATE TABLE audit_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    mac BLOB NOT NULL,
    seal BLOB NOT NULL
) STRICT;
INSERT INTO audit_head VALUES(1,31,X'871d96add636156de968016bbac1090eb158d2b15cb44214ad27e6cacb570508',X'6e2fd6549d9f6916ccbb4c56cc26ad18aed6384516977891e3754ebba259f31e');
CREATE TABLE account (
    name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 255),
    -- SHA-256 of the client certificate that it signs in with.
    certificate BLOB UNIQUE CHECK (length(certificate) = 32),
    created INTEGER NOT NULL,
    disabled INTEGER
) STRICT;
INSERT INTO account VALUES('admin',NULL,1795945646533,NULL);
INSERT INTO account VALUES('op',NULL,1795945646599,NULL);
INSERT INTO account VALUES('packager-1',NULL,1795945646624,NULL);
INSERT INTO account VALUES('licences',X'abababababababababababababababababababababababababababababababab',1795945646629,NULL);
INSERT INTO account VALUES('gone',NULL,1795945646641,1795945646642);
CREATE TABLE account_role (
    account TEXT NOT NULL REFERENCES account (name),
    role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'key-admin', 'auditor', 'license-server', 'packager', 'admin')),
    PRIMARY KEY (account, role)
) STRICT, WITHOUT ROWID;
INSERT INTO account_role VALUES('admin','admin');
INSERT INTO account_role VALUES('gone','admin');
INSERT INTO account_role VALUES('admin','auditor');
INSERT INTO account_role VALUES('admin','key-admin');
INSERT INTO account_role VALUES('admin','license-server');
INSERT INTO account_role VALUES('licences','license-server');
INSERT INTO account_role VALUES('admin','operator');
INSERT INTO account_role VALUES('op','operator');
INSERT INTO account_role VALUES('admin','packager');
INSERT INTO account_role VALUES('packager-1','packager');
INSERT INTO account_role VALUES('admin','viewer');
INSERT INTO account_role VALUES('op','viewer');
CREATE TABLE token (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (name),
    label TEXT NOT NULL,
    mac BLOB NOT NULL UNIQUE CHECK (length(mac) = 16),
    created INTEGER NOT NULL,
    expires INTEGER,
    revoked INTEGER
) STRICT;
INSERT INTO token VALUES('28ea9a64-a33b-4a4c-88eb-08177d3e6ab6','admin','from --admin-token-file',X'7245c72748a34b811e56001aa822423f',1795945646536,NULL,NULL);
INSERT INTO token VALUES('90de0ef1-5cf1-4aa4-9769-16c201791fe4','op','desk',X'4d4cc04abb5700afd308a1d2dbdf3c13',1795945646653,NULL,NULL);
INSERT INTO token VALUES('d1350abd-a267-4e74-ac06-3677bab99f1e','packager-1','old',X'04aa9fd5c5652064895a444aa6bdd2f7',1795945646660,NULL,1795945646668);
CREATE TABLE target (
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
    kek_id TEXT REFERENCES kek (id),
    CHECK ((wrapped IS NULL) = (kek_id IS NULL))
) STRICT;
INSERT INTO target VALUES('licences','http://127.0.0.1:9/keys',NULL,NULL,1000,X'2de95362788d52a7d49041ac67bc21744c8a7ba69333d0740c5b854280adf6cfc1b412d3b0e962c679a9dde4dbb20cc4','4363a49d53732a3a');
INSERT INTO target VALUES('plain','https://drm.example/keys',NULL,NULL,1000,NULL,NULL);
CREATE TABLE idempotency (
    account TEXT NOT NULL,
    key TEXT NOT NULL,
    -- SHA-256 of the request.
    request BLOB NOT NULL CHECK (length(request) = 32),
    status INTEGER NOT NULL CHECK (status BETWEEN 100 AND 999),
    body BLOB NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX kek_current ON kek (state) WHERE state = 'current';
CREATE INDEX content_key_fingerprint ON content_key (fingerprint);
CREATE INDEX content_key_kek ON content_key (kek_id);
CREATE INDEX content_key_created ON content_key (created, kid);
CREATE INDEX key_slot_kid ON key_slot (kid);
CREATE INDEX delivery_due ON delivery (next_try) WHERE state = 'pending';
CREATE TRIGGER audit_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'rule: rows of the audit cannot be changed'); END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'rule: rows of the audit cannot be removed'); END;
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
CREATE INDEX account_role_role ON account_role (role, account);
CREATE INDEX token_account ON token (account, created, id);
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
CREATE TRIGGER account_fixed BEFORE UPDATE ON account WHEN NEW.name <> OLD.name OR NEW.created <> OLD.created
BEGIN SELECT RAISE(ABORT, 'rule: an account keeps its name; add another'); END;
CREATE TRIGGER account_delete BEFORE DELETE ON account
BEGIN SELECT RAISE(ABORT, 'rule: the audit names the account; disable it instead of removing it'); END;
CREATE TRIGGER token_fixed BEFORE UPDATE ON token
WHEN NEW.id <> OLD.id OR NEW.account <> OLD.account OR NEW.mac <> OLD.mac OR NEW.created <> OLD.created
    OR NEW.expires IS NOT OLD.expires OR (OLD.revoked IS NOT NULL AND NEW.revoked IS NOT OLD.revoked)
BEGIN SELECT RAISE(ABORT, 'rule: a token does not change and stays revoked; make another'); END;
CREATE TRIGGER token_delete BEFORE DELETE ON token
BEGIN SELECT RAISE(ABORT, 'rule: a token stays known; revoke it instead of removing it'); END;
COMMIT;
PRAGMA user_version = 2;
