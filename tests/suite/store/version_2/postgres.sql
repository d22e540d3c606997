-- SPDX-License-Identifier: MPL-2.0
-- A store of version 2, as `playready-packager serve` of that version wrote it: pg_dump --inserts --no-owner --no-privileges
CREATE FUNCTION public.key_store_delivered() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public'
    AS $$
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
CREATE FUNCTION public.key_store_refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'rule: %', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TABLE public.account (
    name text NOT NULL,
    certificate bytea,
    created bigint NOT NULL,
    disabled bigint,
    CONSTRAINT account_certificate_check CHECK ((length(certificate) = 32)),
    CONSTRAINT account_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255)))
);
CREATE TABLE public.account_role (
    account text NOT NULL,
    role text NOT NULL,
    CONSTRAINT account_role_role_check CHECK ((role = ANY (ARRAY['viewer'::text, 'operator'::text, 'key-admin'::text, 'auditor'::text, 'license-server'::text, 'packager'::text, 'admin'::text])))
);
CREATE TABLE public.audit (
    seq bigint NOT NULL,
    "time" bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    object text NOT NULL,
    result text NOT NULL,
    mac bytea NOT NULL,
    CONSTRAINT audit_mac_check CHECK ((length(mac) = 32))
);
CREATE TABLE public.audit_head (
    one bigint NOT NULL,
    seq bigint NOT NULL,
    mac bytea NOT NULL,
    seal bytea NOT NULL,
    CONSTRAINT audit_head_one_check CHECK ((one = 1))
);
CREATE TABLE public.content (
    id text NOT NULL,
    scheme text NOT NULL,
    header_version text,
    la_url text,
    lui_url text,
    ds_id text,
    custom_attributes text,
    crypto_period bigint,
    seed text,
    created bigint NOT NULL,
    CONSTRAINT content_crypto_period_check CHECK ((crypto_period > 0)),
    CONSTRAINT content_id_check CHECK (((length(id) >= 1) AND (length(id) <= 255))),
    CONSTRAINT content_scheme_check CHECK ((scheme = ANY (ARRAY['cenc'::text, 'cens'::text, 'cbc1'::text, 'cbcs'::text])))
);
CREATE TABLE public.content_key (
    kid bytea NOT NULL,
    mode text NOT NULL,
    wrapped bytea NOT NULL,
    kek_id text NOT NULL,
    fingerprint bytea NOT NULL,
    origin text NOT NULL,
    seed text,
    state text NOT NULL,
    created bigint NOT NULL,
    delivered bigint,
    activated bigint,
    retired bigint,
    CONSTRAINT content_key_check CHECK (((origin = 'seed'::text) = (seed IS NOT NULL))),
    CONSTRAINT content_key_fingerprint_check CHECK ((length(fingerprint) = 16)),
    CONSTRAINT content_key_kid_check CHECK (((length(kid) = 16) AND (kid <> '\x00000000000000000000000000000000'::bytea))),
    CONSTRAINT content_key_mode_check CHECK ((mode = ANY (ARRAY['ctr'::text, 'cbc'::text]))),
    CONSTRAINT content_key_origin_check CHECK ((origin = ANY (ARRAY['random'::text, 'entered'::text, 'seed'::text, 'imported'::text]))),
    CONSTRAINT content_key_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'delivered'::text, 'active'::text, 'retired'::text]))),
    CONSTRAINT content_key_wrapped_check CHECK ((length(wrapped) = 44))
);
CREATE TABLE public.content_target (
    content_id text NOT NULL,
    target text NOT NULL
);
CREATE TABLE public.content_track (
    content_id text NOT NULL,
    selector text NOT NULL,
    label text NOT NULL
);
CREATE TABLE public.delivery (
    kid bytea NOT NULL,
    target text NOT NULL,
    state text NOT NULL,
    attempts bigint NOT NULL,
    next_try bigint NOT NULL,
    acknowledged bigint,
    error text,
    CONSTRAINT delivery_check CHECK (((state = 'acknowledged'::text) = (acknowledged IS NOT NULL))),
    CONSTRAINT delivery_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'acknowledged'::text, 'given-up'::text]))),
    CONSTRAINT delivery_target_check CHECK (((length(target) >= 1) AND (length(target) <= 255)))
);
CREATE TABLE public.idempotency (
    account text NOT NULL,
    key text NOT NULL,
    request bytea NOT NULL,
    status bigint NOT NULL,
    body bytea NOT NULL,
    created bigint NOT NULL,
    CONSTRAINT idempotency_request_check CHECK ((length(request) = 32)),
    CONSTRAINT idempotency_status_check CHECK (((status >= 100) AND (status <= 999)))
);
CREATE TABLE public.kek (
    id text NOT NULL,
    state text NOT NULL,
    created bigint NOT NULL,
    salt bytea,
    memory_kib bigint,
    passes bigint,
    lanes bigint,
    CONSTRAINT kek_check CHECK ((((salt IS NULL) = (memory_kib IS NULL)) AND ((salt IS NULL) = (passes IS NULL)) AND ((salt IS NULL) = (lanes IS NULL)))),
    CONSTRAINT kek_state_check CHECK ((state = ANY (ARRAY['current'::text, 'old'::text, 'retired'::text])))
);
CREATE TABLE public.key_slot (
    content_id text NOT NULL,
    label text NOT NULL,
    period bigint NOT NULL,
    mode text NOT NULL,
    kid bytea NOT NULL,
    CONSTRAINT key_slot_label_check CHECK (((length(label) >= 1) AND (length(label) <= 255))),
    CONSTRAINT key_slot_period_check CHECK ((period >= 0))
);
CREATE TABLE public.key_store_version (
    version bigint NOT NULL
);
CREATE TABLE public.secret (
    name text NOT NULL,
    wrapped bytea NOT NULL,
    kek_id text NOT NULL
);
CREATE TABLE public.seed (
    name text NOT NULL,
    wrapped bytea NOT NULL,
    kek_id text NOT NULL,
    fingerprint bytea NOT NULL,
    created bigint NOT NULL,
    retired bigint,
    CONSTRAINT seed_fingerprint_check CHECK ((length(fingerprint) = 16)),
    CONSTRAINT seed_name_check CHECK (((length(name) >= 1) AND (length(name) <= 255))),
    CONSTRAINT seed_wrapped_check CHECK ((length(wrapped) = 58))
);
CREATE TABLE public.target (
    name text NOT NULL,
    url text NOT NULL,
    certificate text,
    ca text,
    timeout bigint NOT NULL,
    wrapped bytea,
    kek_id text,
    CONSTRAINT target_check CHECK (((wrapped IS NULL) = (kek_id IS NULL))),
    CONSTRAINT target_name_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT target_timeout_check CHECK ((timeout > 0))
);
CREATE TABLE public.token (
    id text NOT NULL,
    account text NOT NULL,
    label text NOT NULL,
    mac bytea NOT NULL,
    created bigint NOT NULL,
    expires bigint,
    revoked bigint,
    CONSTRAINT token_mac_check CHECK ((length(mac) = 16))
);
INSERT INTO public.account VALUES ('admin', NULL, 1795945657997, NULL);
INSERT INTO public.account VALUES ('op', NULL, 1795945658098, NULL);
INSERT INTO public.account VALUES ('packager-1', NULL, 1795945658110, NULL);
INSERT INTO public.account VALUES ('licences', '\xabababababababababababababababababababababababababababababababab', 1795945658121, NULL);
INSERT INTO public.account VALUES ('gone', NULL, 1795945658125, 1795945658145);
INSERT INTO public.account_role VALUES ('admin', 'viewer');
INSERT INTO public.account_role VALUES ('admin', 'operator');
INSERT INTO public.account_role VALUES ('admin', 'key-admin');
INSERT INTO public.account_role VALUES ('admin', 'auditor');
INSERT INTO public.account_role VALUES ('admin', 'license-server');
INSERT INTO public.account_role VALUES ('admin', 'packager');
INSERT INTO public.account_role VALUES ('admin', 'admin');
INSERT INTO public.account_role VALUES ('op', 'viewer');
INSERT INTO public.account_role VALUES ('op', 'operator');
INSERT INTO public.account_role VALUES ('packager-1', 'packager');
INSERT INTO public.account_role VALUES ('licences', 'license-server');
INSERT INTO public.account_role VALUES ('gone', 'admin');
INSERT INTO public.audit VALUES (1, 1795945657985, 'store', 'create', 'store', 'ok', '\x30324a7952af9700506981b4120a5eb98d9970a6f6a90bf5bfb4bbe7240f8ee5');
INSERT INTO public.audit VALUES (2, 1795945657998, 'server', 'put account', 'admin', 'roles: viewer, operator, key-admin, auditor, license-server, packager, admin', '\x92c5ab9319a02b729af220854cd2afb4b664b0f72ba306e1e06f7ff3a6053e4f');
INSERT INTO public.audit VALUES (3, 1795945658006, 'server', 'put token', 'admin', 'token 20f139e0-7a91-4fb8-86cb-2e6bd44bffed added', '\xc8b3a164e4588f5f70ebecff7c29c38e17e9eb10255bfae0af47d5a07e1d554b');
INSERT INTO public.audit VALUES (4, 1795945658098, 'admin', 'put account', 'op', 'roles: viewer, operator', '\x8e59ef90c6d608096be650b5ff671f6b7a2a6ba2a3655bde81ffa83716ac8e84');
INSERT INTO public.audit VALUES (5, 1795945658111, 'admin', 'put account', 'packager-1', 'roles: packager', '\x883c9832173f9c047c7ad89a0a94ba2a57d7801aeaae44b8682beaaeca2cdda9');
INSERT INTO public.audit VALUES (6, 1795945658122, 'admin', 'put account', 'licences', 'roles: license-server with a certificate', '\x8d85b603c0b3e2c01722f04a76162acb74c2310855a869d350cb986b1e1b5364');
INSERT INTO public.audit VALUES (7, 1795945658127, 'admin', 'put account', 'gone', 'roles: admin', '\x64bf88d9e8aae87f52685438020ebd83d924ea15a714661af3d6bb59a370c13c');
INSERT INTO public.audit VALUES (8, 1795945658146, 'admin', 'disable account', 'gone', 'ok', '\x83fea205a05c4f9cf8fabc9197490222f7a8cbeb0dec44efc12d6f91ead6eb1a');
INSERT INTO public.audit VALUES (9, 1795945658155, 'admin', 'new token', 'op', 'token b18ae1ca-9f0b-4bdd-9cac-89fefb25f955', '\x6a17a20e15a1559ee3ae8a4937d41f6d06e643aef85f5e9f828e16995bfc474b');
INSERT INTO public.audit VALUES (10, 1795945658157, 'admin', 'new token', 'packager-1', 'token 4845bfc4-b586-4bc9-9128-34658f434458', '\xa1bff75212821cf501de803789278fc9c9d6f799c3e793757cebfa30ff521ae2');
INSERT INTO public.audit VALUES (11, 1795945658161, 'admin', 'revoke token', '4845bfc4-b586-4bc9-9128-34658f434458', 'of packager-1', '\x1fac1cc5898de97cfdd7b54a45184b81e80d4298a534ea28667e81cd4f015680');
INSERT INTO public.audit VALUES (12, 1795945658170, 'admin', 'put seed', 'main', 'fingerprint b561b6479d61b2b0235327244029d5cd', '\x0fc5619d69257c162d75e094c6eb453c84f82143ea0234df54a414175dffec36');
INSERT INTO public.audit VALUES (13, 1795945658173, 'admin', 'put target', 'licences', 'ok, with new credentials', '\xe7346baa2808b20481042fdd5fe8195124208b4a06c4791b5ff28e6b509c3a59');
INSERT INTO public.audit VALUES (14, 1795945658184, 'admin', 'put target', 'plain', 'ok', '\x288d6c3b1e00e1a28c91a2c9c9ebb5d06adbdc4ee1f5612be6470ef4d1ac8113');
INSERT INTO public.audit VALUES (15, 1795945658190, 'admin', 'put content', 'film', 'ok', '\x8377073d7e3bc3f472922832b59410056ca32bbf3a98cd5b509a4b0e259c2800');
INSERT INTO public.audit VALUES (16, 1795945658197, 'admin', 'put content', 'seeded', 'ok', '\xdec6a0c973162c17e36fdbd15ba04fb35ee69ed4760bab9e95aa27aef7f6158c');
INSERT INTO public.audit VALUES (17, 1795945658205, 'admin', 'put content', 'live', 'ok', '\x4c5d8979c04b8b426db88a27ff346844c0ffebece758eda6c18c4de571c384d7');
INSERT INTO public.audit VALUES (18, 1795945658216, 'admin', 'insert', '1f9c3746-57f2-4928-96ad-29f315af3fa1', 'ok', '\xfb3da7a93c5a6ddb3f5cf834a269a14d97f108b843241d324335a7f084fa34c2');
INSERT INTO public.audit VALUES (19, 1795945658226, 'admin', 'insert', '11112222-3333-4444-5555-666677778888', 'ok', '\x6a21ac2f0544b5b7966611ef4c7d79bf10d3ecf4584b709fecdb6ac218c97261');
INSERT INTO public.audit VALUES (20, 1795945658234, 'admin', 'insert', '21112222-3333-4444-5555-666677778888', 'ok', '\x4f4e4d691e5adaa802082d9f40d4efb14a7ba75d103a5908ecf969603511c8da');
INSERT INTO public.audit VALUES (21, 1795945658246, 'admin', 'retired', '21112222-3333-4444-5555-666677778888', 'ok', '\x1ad0febd0772a4133c04a9c81d28ae3f4111b26860367081e457b683ff963d5c');
INSERT INTO public.audit VALUES (22, 1795945658254, 'admin', 'insert', '3d2e0de1-b26f-59a7-afd9-59dfded8f32a', 'ok', '\x8a4704fe0b3bed774d667293ac184c6a82f004cc87685a1671ddb55bdac3ac26');
INSERT INTO public.audit VALUES (23, 1795945659059, 'server', 'insert', 'ca52f13d-5c08-574b-b8cb-2d4cb8dab90c', 'ok', '\x160199c24f2e399e6d1caa9e7a30b97930eab9240738aa95562de35b5ffaf61d');
INSERT INTO public.audit VALUES (24, 1795945659067, 'hand-off to licences', 'read', '1f9c3746-57f2-4928-96ad-29f315af3fa1', 'ok', '\x345588ff97d9abcbce6d752a062d958a06f766d89dad2b7167c550408a225587');
INSERT INTO public.audit VALUES (25, 1795945659077, 'server', 'insert', '4a573c31-686e-5c8f-ac6f-c01034e8e395', 'ok', '\x1631266ab9fc6358f0e3262bcd2458e1a3ce069b794dd378434c3628e5e0f3c6');
INSERT INTO public.audit VALUES (26, 1795945659092, 'hand-off to licences', 'delivery failed', '1f9c3746-57f2-4928-96ad-29f315af3fa1', 'licences: server http://***@127.0.0.1:9/keys cannot be reached (attempts: 1): Connection refused (os error 111)', '\x5d1940fa7dfe3aacc45efe4ef1cca4ea403811aba40852aa3799265a82e4de2b');
INSERT INTO public.audit VALUES (27, 1795945659097, 'server', 'active', 'ca52f13d-5c08-574b-b8cb-2d4cb8dab90c', 'ok', '\x3cfbc86bf006d9a3b898aae2b3e1ea4121950457d2fc5a65aa14ac8756e1cce5');
INSERT INTO public.audit VALUES (28, 1795945660100, 'hand-off to licences', 'read', '1f9c3746-57f2-4928-96ad-29f315af3fa1', 'ok', '\x550b8fcac64ad6c69d22e2645d13f994971153549d3a5045f6fcd1c91b8fc2e4');
INSERT INTO public.audit VALUES (29, 1795945660116, 'hand-off to licences', 'delivery failed', '1f9c3746-57f2-4928-96ad-29f315af3fa1', 'licences: server http://***@127.0.0.1:9/keys cannot be reached (attempts: 1): Connection refused (os error 111)', '\x90c90f90af438cafcdb342220c801a8ae786ac83ad97ed90b5534f9d8f817b98');
INSERT INTO public.audit VALUES (30, 1795945661129, 'hand-off to licences', 'read', '1f9c3746-57f2-4928-96ad-29f315af3fa1', 'ok', '\x9a90386d752dbaa06a20411e86f1a31d8a3eda70cdfaa0977f8bbd9ce7c21422');
INSERT INTO public.audit VALUES (31, 1795945661140, 'hand-off to licences', 'delivery failed', '1f9c3746-57f2-4928-96ad-29f315af3fa1', 'licences: server http://***@127.0.0.1:9/keys cannot be reached (attempts: 1): Connection refused (os error 111)', '\x0d0c6fefeb21d847eec78cc0a4b30ec59af8f7e4202087372717e74f5bbd7d1e');
INSERT INTO public.audit_head VALUES (1, 31, '\x0d0c6fefeb21d847eec78cc0a4b30ec59af8f7e4202087372717e74f5bbd7d1e', '\x9d6961e6985fbdf1d5dcdea9080334c95834021032d33e869abf5209be126d8a');
INSERT INTO public.content VALUES ('film', 'cenc', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1795945658189);
INSERT INTO public.content VALUES ('seeded', 'cbcs', NULL, NULL, NULL, NULL, NULL, NULL, 'main', 1795945658197);
INSERT INTO public.content VALUES ('live', 'cenc', NULL, NULL, NULL, NULL, NULL, 3600000, NULL, 1795945658204);
INSERT INTO public.content_key VALUES ('\x1f9c374657f2492896ad29f315af3fa1', 'ctr', '\xf660d488f2e2c9f38081b786b8118689b67f7ffdd75c88f7159bab08b7ce59a04416ab3c3e75bb0dd1c9e34f', 'dca26fd58f6b766a', '\x127156ba43723aad327fd008f3c95f63', 'random', NULL, 'planned', 1795945658210, NULL, NULL, NULL);
INSERT INTO public.content_key VALUES ('\x11112222333344445555666677778888', 'ctr', '\x43e49d8d1ef07afcb75fdbd05ed20538f3f4731b02de576d334d4628ea670ad8c66aa1da6e2415d1f0e25fc8', 'dca26fd58f6b766a', '\x801cafda2bc90a1196fae4464756ac0d', 'entered', NULL, 'planned', 1795945658226, NULL, NULL, NULL);
INSERT INTO public.content_key VALUES ('\x21112222333344445555666677778888', 'ctr', '\x09e99de4220b040b8dbd6413f94d418a9feb807dd8fa6ec6f241eba1628ecc8dab5cac5b6231093c5c33f436', 'dca26fd58f6b766a', '\x0f62eb09695304cbb0c3709c159e2dfe', 'entered', NULL, 'retired', 1795945658233, NULL, NULL, 1795945658245);
INSERT INTO public.content_key VALUES ('\x3d2e0de1b26f59a7afd959dfded8f32a', 'ctr', '\x9edc304db1d13c79c82dbf2849db8aeb2ad8b6c1f6983a236a8261ffd3bf7353fec87498bc83863cf71788e1', 'dca26fd58f6b766a', '\x83f14531d3c00e280bee5bf68494cedc', 'random', NULL, 'planned', 1795945658253, NULL, NULL, NULL);
INSERT INTO public.content_key VALUES ('\x4a573c31686e5c8fac6fc01034e8e395', 'ctr', '\xec4aeb88e008357de4a8eadf016f5a92c2f40519fd3f056246353b22f2c0e929108e74836d156f5dcea901c9', 'dca26fd58f6b766a', '\xd08c72eee019d37693bacfce7f229663', 'random', NULL, 'planned', 1795945659076, NULL, NULL, NULL);
INSERT INTO public.content_key VALUES ('\xca52f13d5c08574bb8cb2d4cb8dab90c', 'ctr', '\x982e530c749ae09720f116adfdf93a46b894a2e8f1fefe8cceb990d917bcc550c59637048a7452ea970582b5', 'dca26fd58f6b766a', '\xe73357bb795c184a6a688cf0d183c18c', 'random', NULL, 'active', 1795945659059, NULL, 1795945659096, NULL);
INSERT INTO public.content_target VALUES ('film', 'licences');
INSERT INTO public.content_track VALUES ('film', 'video', 'VIDEO');
INSERT INTO public.content_track VALUES ('film', 'audio', 'AUDIO');
INSERT INTO public.delivery VALUES ('\x1f9c374657f2492896ad29f315af3fa1', 'licences', 'pending', 3, 1795945662224, NULL, 'server http://***@127.0.0.1:9/keys cannot be reached (attempts: 1): Connection refused (os error 111)');
INSERT INTO public.kek VALUES ('dca26fd58f6b766a', 'current', 1795945657983, NULL, NULL, NULL, NULL);
INSERT INTO public.key_slot VALUES ('film', 'VIDEO', 0, 'ctr', '\x1f9c374657f2492896ad29f315af3fa1');
INSERT INTO public.key_slot VALUES ('live', 'ALL', 498874, 'ctr', '\x3d2e0de1b26f59a7afd959dfded8f32a');
INSERT INTO public.key_slot VALUES ('live', 'ALL', 498873, 'ctr', '\xca52f13d5c08574bb8cb2d4cb8dab90c');
INSERT INTO public.key_slot VALUES ('live', 'ALL', 498875, 'ctr', '\x4a573c31686e5c8fac6fc01034e8e395');
INSERT INTO public.key_store_version VALUES (2);
INSERT INTO public.secret VALUES ('audit', '\xcc57799153d14da17fe84e189e974e05940440bc6a30612ebcb2a35f78f5f9829d92c395ede61eb3d02d51ec4c5151845fc64eb9178ad20a5d2c012c', 'dca26fd58f6b766a');
INSERT INTO public.secret VALUES ('fingerprint', '\xd36374cb383bd3f5987039b3d340d2dd1809c3c9161cd80b534496ae59e7053e052f346898408df6e9b89a6f62d97fbe43e7b16d8d62f8619d48f3a0', 'dca26fd58f6b766a');
INSERT INTO public.seed VALUES ('main', '\xe9f7b22e51daf6ad95e117753239abfcc33276f1bafd4d0d312c9cd94d10fe3701b8e5e0cb431ab293571a04395b8db2be9a23b7466caeeac34b', 'dca26fd58f6b766a', '\xb561b6479d61b2b0235327244029d5cd', 1795945658170, NULL);
INSERT INTO public.target VALUES ('licences', 'http://127.0.0.1:9/keys', NULL, NULL, 1000, '\x4885401f9da8dd63108308179234ebc09d6ebd758dbd2f565ee3329914c2ac0f33014fe56dc9bafb58c54ffd8734ad70', 'dca26fd58f6b766a');
INSERT INTO public.target VALUES ('plain', 'https://drm.example/keys', NULL, NULL, 1000, NULL, NULL);
INSERT INTO public.token VALUES ('20f139e0-7a91-4fb8-86cb-2e6bd44bffed', 'admin', 'from --admin-token-file', '\x6b87bbdd871217125e779ff27a62f6cd', 1795945658006, NULL, NULL);
INSERT INTO public.token VALUES ('b18ae1ca-9f0b-4bdd-9cac-89fefb25f955', 'op', 'desk', '\x4871e298394c29ac55da866b5b2db1ba', 1795945658155, NULL, NULL);
INSERT INTO public.token VALUES ('4845bfc4-b586-4bc9-9128-34658f434458', 'packager-1', 'old', '\x0ee6de7e297687dbdec2fa8d063bd245', 1795945658157, NULL, 1795945658161);
ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_certificate_key UNIQUE (certificate);
ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.account_role
    ADD CONSTRAINT account_role_pkey PRIMARY KEY (account, role);
ALTER TABLE ONLY public.audit_head
    ADD CONSTRAINT audit_head_pkey PRIMARY KEY (one);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.content_key
    ADD CONSTRAINT content_key_kid_mode_key UNIQUE (kid, mode);
ALTER TABLE ONLY public.content_key
    ADD CONSTRAINT content_key_pkey PRIMARY KEY (kid);
ALTER TABLE ONLY public.content
    ADD CONSTRAINT content_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.content_target
    ADD CONSTRAINT content_target_pkey PRIMARY KEY (content_id, target);
ALTER TABLE ONLY public.content_track
    ADD CONSTRAINT content_track_pkey PRIMARY KEY (content_id, selector);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT delivery_pkey PRIMARY KEY (kid, target);
ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (account, key);
ALTER TABLE ONLY public.kek
    ADD CONSTRAINT kek_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.key_slot
    ADD CONSTRAINT key_slot_pkey PRIMARY KEY (content_id, label, period, mode);
ALTER TABLE ONLY public.secret
    ADD CONSTRAINT secret_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.seed
    ADD CONSTRAINT seed_fingerprint_key UNIQUE (fingerprint);
ALTER TABLE ONLY public.seed
    ADD CONSTRAINT seed_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.target
    ADD CONSTRAINT target_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.token
    ADD CONSTRAINT token_mac_key UNIQUE (mac);
ALTER TABLE ONLY public.token
    ADD CONSTRAINT token_pkey PRIMARY KEY (id);
CREATE INDEX account_role_role ON public.account_role USING btree (role, account);
CREATE INDEX audit_action ON public.audit USING btree (action, seq);
CREATE INDEX audit_actor ON public.audit USING btree (actor, seq);
CREATE INDEX audit_time ON public.audit USING btree ("time", seq);
CREATE INDEX content_key_created ON public.content_key USING btree (created, kid);
CREATE INDEX content_key_fingerprint ON public.content_key USING btree (fingerprint);
CREATE INDEX content_key_kek ON public.content_key USING btree (kek_id);
CREATE INDEX content_key_seed ON public.content_key USING btree (seed, created, kid);
CREATE INDEX content_key_state ON public.content_key USING btree (state, created, kid);
CREATE INDEX content_rotating ON public.content USING btree (id, crypto_period) WHERE (crypto_period IS NOT NULL);
CREATE INDEX content_target_target ON public.content_target USING btree (target, content_id);
CREATE INDEX delivery_due ON public.delivery USING btree (next_try) WHERE (state = 'pending'::text);
CREATE INDEX delivery_given_up ON public.delivery USING btree (kid) WHERE (state = 'given-up'::text);
CREATE INDEX idempotency_created ON public.idempotency USING btree (created);
CREATE UNIQUE INDEX kek_current ON public.kek USING btree (state) WHERE (state = 'current'::text);
CREATE INDEX key_slot_content_kid ON public.key_slot USING btree (content_id, kid);
CREATE INDEX key_slot_kid ON public.key_slot USING btree (kid);
CREATE INDEX key_slot_period ON public.key_slot USING btree (content_id, period, label, mode, kid);
CREATE INDEX token_account ON public.token USING btree (account, created, id);
CREATE TRIGGER account_delete BEFORE DELETE OR TRUNCATE ON public.account FOR EACH STATEMENT EXECUTE FUNCTION public.key_store_refuse('the audit names the account; disable it instead of removing it');
CREATE TRIGGER account_fixed BEFORE UPDATE ON public.account FOR EACH ROW WHEN (((new.name <> old.name) OR (new.created <> old.created))) EXECUTE FUNCTION public.key_store_refuse('an account keeps its name; add another');
CREATE TRIGGER audit_delete BEFORE DELETE OR TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.key_store_refuse('rows of the audit cannot be removed');
CREATE TRIGGER audit_head_delete BEFORE DELETE OR TRUNCATE ON public.audit_head FOR EACH STATEMENT EXECUTE FUNCTION public.key_store_refuse('the end of the audit cannot be removed');
CREATE TRIGGER audit_update BEFORE UPDATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.key_store_refuse('rows of the audit cannot be changed');
CREATE TRIGGER content_key_delete BEFORE DELETE OR TRUNCATE ON public.content_key FOR EACH STATEMENT EXECUTE FUNCTION public.key_store_refuse('a KID means its key for ever; retire the key instead of removing it');
CREATE TRIGGER content_key_delivered BEFORE UPDATE OF state ON public.content_key FOR EACH ROW WHEN (((new.state <> old.state) AND (new.state = ANY (ARRAY['delivered'::text, 'active'::text])))) EXECUTE FUNCTION public.key_store_delivered();
CREATE TRIGGER content_key_fixed BEFORE UPDATE ON public.content_key FOR EACH ROW WHEN (((new.kid <> old.kid) OR (new.mode <> old.mode) OR (new.fingerprint <> old.fingerprint) OR (new.origin <> old.origin) OR (new.seed IS DISTINCT FROM old.seed) OR (new.created <> old.created) OR ((new.wrapped <> old.wrapped) AND (new.kek_id = old.kek_id)))) EXECUTE FUNCTION public.key_store_refuse('a KID means one key in one cipher mode for ever; use another KID');
CREATE TRIGGER content_key_forward BEFORE UPDATE OF state ON public.content_key FOR EACH ROW WHEN ((array_position(ARRAY['planned'::text, 'delivered'::text, 'active'::text, 'retired'::text], new.state) < array_position(ARRAY['planned'::text, 'delivered'::text, 'active'::text, 'retired'::text], old.state))) EXECUTE FUNCTION public.key_store_refuse('keys go from planned over delivered and active to retired, never back; make a new key');
CREATE TRIGGER key_slot_fixed BEFORE DELETE OR UPDATE OR TRUNCATE ON public.key_slot FOR EACH STATEMENT EXECUTE FUNCTION public.key_store_refuse('a track keeps its key in a crypto period; change keys with the next one');
CREATE TRIGGER seed_delete BEFORE DELETE OR TRUNCATE ON public.seed FOR EACH STATEMENT EXECUTE FUNCTION public.key_store_refuse('keys came from the seed; retire it instead of removing it');
CREATE TRIGGER seed_fixed BEFORE UPDATE ON public.seed FOR EACH ROW WHEN (((new.name <> old.name) OR (new.fingerprint <> old.fingerprint) OR (new.created <> old.created) OR ((new.wrapped <> old.wrapped) AND (new.kek_id = old.kek_id)))) EXECUTE FUNCTION public.key_store_refuse('a seed does not change; add another by a new name');
CREATE TRIGGER token_delete BEFORE DELETE OR TRUNCATE ON public.token FOR EACH STATEMENT EXECUTE FUNCTION public.key_store_refuse('a token stays known; revoke it instead of removing it');
CREATE TRIGGER token_fixed BEFORE UPDATE ON public.token FOR EACH ROW WHEN (((new.id <> old.id) OR (new.account <> old.account) OR (new.mac <> old.mac) OR (new.created <> old.created) OR (new.expires IS DISTINCT FROM old.expires) OR ((old.revoked IS NOT NULL) AND (new.revoked IS DISTINCT FROM old.revoked)))) EXECUTE FUNCTION public.key_store_refuse('a token does not change and stays revoked; make another');
ALTER TABLE ONLY public.account_role
    ADD CONSTRAINT account_role_account_fkey FOREIGN KEY (account) REFERENCES public.account(name);
ALTER TABLE ONLY public.content_key
    ADD CONSTRAINT content_key_kek_id_fkey FOREIGN KEY (kek_id) REFERENCES public.kek(id);
ALTER TABLE ONLY public.content_key
    ADD CONSTRAINT content_key_seed_fkey FOREIGN KEY (seed) REFERENCES public.seed(name);
ALTER TABLE ONLY public.content
    ADD CONSTRAINT content_seed_fkey FOREIGN KEY (seed) REFERENCES public.seed(name);
ALTER TABLE ONLY public.content_target
    ADD CONSTRAINT content_target_content_id_fkey FOREIGN KEY (content_id) REFERENCES public.content(id);
ALTER TABLE ONLY public.content_track
    ADD CONSTRAINT content_track_content_id_fkey FOREIGN KEY (content_id) REFERENCES public.content(id);
ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT delivery_kid_fkey FOREIGN KEY (kid) REFERENCES public.content_key(kid);
ALTER TABLE ONLY public.key_slot
    ADD CONSTRAINT key_slot_content_id_fkey FOREIGN KEY (content_id) REFERENCES public.content(id);
ALTER TABLE ONLY public.key_slot
    ADD CONSTRAINT key_slot_kid_mode_fkey FOREIGN KEY (kid, mode) REFERENCES public.content_key(kid, mode);
ALTER TABLE ONLY public.secret
    ADD CONSTRAINT secret_kek_id_fkey FOREIGN KEY (kek_id) REFERENCES public.kek(id);
ALTER TABLE ONLY public.seed
    ADD CONSTRAINT seed_kek_id_fkey FOREIGN KEY (kek_id) REFERENCES public.kek(id);
ALTER TABLE ONLY public.target
    ADD CONSTRAINT target_kek_id_fkey FOREIGN KEY (kek_id) REFERENCES public.kek(id);
ALTER TABLE ONLY public.token
    ADD CONSTRAINT token_account_fkey FOREIGN KEY (account) REFERENCES public.account(name);
