-- What is in the server: templates, copies of them, and who has which. This database is the mark by which ours are
-- known: what is not written here is never touched. Changed in any way, it gets another name (`NAME` in registry.rs).

-- A finished template. Its database is `migrate_test_` and its id.
CREATE TABLE template (
    id text PRIMARY KEY,
    used timestamptz NOT NULL DEFAULT clock_timestamp(),
    bytes bigint NOT NULL,
    -- What a copy does not have by itself, as texts for format(): ALTER DATABASE ... SET.
    settings text[] NOT NULL,
    -- Of the run at hand: a run ends where nobody asks for ten seconds.
    claims integer NOT NULL DEFAULT 0,
    hits integer NOT NULL DEFAULT 0,
    -- What a whole run asks for: so many copies are kept ready.
    wanted integer NOT NULL DEFAULT 0
);

-- Any other database of ours. Its row is there before it is made, and until it is gone.
CREATE TABLE clone (
    name text PRIMARY KEY CHECK (name LIKE 'migrate\_test\_%'),
    template text NOT NULL,
    use text NOT NULL CHECK (use IN ('build', 'stock', 'test', 'kept', 'drop')),
    -- For the stock: nothing but its database is missing, if that.
    ready boolean NOT NULL DEFAULT true,
    -- The session that makes it, tests with it, or drops it. With the session dies the claim.
    pid integer NOT NULL DEFAULT pg_backend_pid(),
    since timestamptz,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION this_session() RETURNS timestamptz LANGUAGE sql AS
'SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()';
ALTER TABLE clone ALTER since SET DEFAULT this_session();

-- Another role's session shows its number and not its start.
CREATE FUNCTION is_alive(pid integer, since timestamptz) RETURNS boolean LANGUAGE sql AS
'SELECT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = $1 AND coalesce(a.backend_start = $2, true))';

-- CREATE DATABASE commits when all is copied: who sees it, has it whole. A DROP that was interrupted leaves -2.
CREATE FUNCTION is_there(name text) RETURNS boolean LANGUAGE sql AS
'SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datconnlimit <> -2)';

CREATE FUNCTION new_name(template text) RETURNS text LANGUAGE sql AS
$$SELECT 'migrate_test_' || left(template, 10) || '_'
    || substr(md5(random()::text || clock_timestamp()::text || pg_backend_pid()::text), 1, 12)$$;

CREATE FUNCTION major() RETURNS integer LANGUAGE sql AS
$$SELECT current_setting('server_version_num')::integer / 10000$$;

-- How many copies are kept ready: as many as a run asks for, but not more than 128, nor than 4 GB.
CREATE FUNCTION target(t template) RETURNS integer LANGUAGE sql AS
$$SELECT least(128, greatest(2, t.wanted), greatest(2, 4294967296 / greatest(t.bytes, 1)))::integer$$;

-- Whether a stock of it is kept: one rule for making and for dropping, or one would undo what the other does, for ever.
-- Not of one that was unused for a day, nor for ten minutes in which another one came into use.
CREATE FUNCTION is_wanted(t template) RETURNS boolean LANGUAGE sql AS
$$SELECT t.used > clock_timestamp() - interval '10 min' OR (t.used > clock_timestamp() - interval '1 day'
    AND NOT EXISTS (SELECT FROM template n WHERE n.used > t.used + interval '10 min'))$$;

CREATE FUNCTION keeper_is_busy() RETURNS boolean LANGUAGE sql AS
$$SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 1835365473 AND objid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))$$;

-- FILE_COPY makes a checkpoint before and after; without fsync that costs little, and copying files is quicker than
-- logging pages.
CREATE FUNCTION create_sql(name text, template text) RETURNS text LANGUAGE sql AS
$$SELECT format('CREATE DATABASE %I TEMPLATE %I', name, 'migrate_test_' || template)
    || CASE WHEN major() < 15 THEN '' WHEN current_setting('fsync')::boolean THEN ' STRATEGY WAL_LOG'
            ELSE ' STRATEGY FILE_COPY' END$$;

CREATE FUNCTION drop_sql(name text) RETURNS text LANGUAGE sql AS
$$SELECT format('DROP DATABASE IF EXISTS %I', name) || CASE WHEN major() < 13 THEN '' ELSE ' WITH (FORCE)' END$$;

CREATE FUNCTION throw_out(name text) RETURNS void LANGUAGE sql AS
'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1';

-- What CREATE DATABASE does not copy.
CREATE FUNCTION dress(name text, template text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE setting text;
BEGIN
    FOR setting IN SELECT unnest(settings) FROM template t WHERE t.id = dress.template LOOP
        EXECUTE format(setting, name);
    END LOOP;
END $$;

-- The settings of a database, as `dress` wants them.
CREATE FUNCTION settings_of(name text) RETURNS text[] LANGUAGE sql AS $$
    SELECT coalesce(array_agg(
        CASE WHEN setrole = 0 THEN 'ALTER DATABASE %1$I' ELSE format('ALTER ROLE %s IN DATABASE %%1$I',
            replace(quote_ident(pg_get_userbyid(setrole)), '%', '%%')) END
        || ' SET ' || replace(quote_ident(split_part(setting, '=', 1)), '%', '%%')
        || ' TO ' || replace(
            -- A list is stored as it was written, its parts quoted as names.
            CASE WHEN split_part(setting, '=', 1) IN ('search_path', 'DateStyle', 'temp_tablespaces',
                'session_preload_libraries', 'local_preload_libraries')
                AND position('=' in setting) < length(setting)
            THEN substr(setting, position('=' in setting) + 1)
            ELSE quote_literal(substr(setting, position('=' in setting) + 1)) END, '%', '%%')), '{}')
    FROM pg_db_role_setting, unnest(setconfig) setting
    WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = $1)
$$;

-- A copy for a test: out of the stock, else a row for one that the caller makes. `id` is null where there is no
-- template yet; `task` asks for somebody to do what `next_task` says.
CREATE FUNCTION claim(fingerprint text, OUT id text, OUT name text, OUT from_stock boolean, OUT dressed boolean,
    OUT claims integer, OUT hits integer, OUT task boolean)
LANGUAGE plpgsql AS $$
DECLARE
    t template;
    key text := fingerprint || '_pg' || major();
    stock integer;
BEGIN
    IF major() >= 14 THEN
        -- This session is the claim: it must not end before its test.
        PERFORM set_config('idle_session_timeout', '0', false);
    END IF;
    UPDATE clone SET use = 'test', pid = pg_backend_pid(), since = this_session(), at = clock_timestamp()
    WHERE clone.name = (
        SELECT c.name FROM clone c JOIN pg_database d ON d.datname = c.name
        WHERE c.template = key AND c.use = 'stock' AND c.ready AND d.datconnlimit <> -2
        ORDER BY c.at LIMIT 1 FOR UPDATE OF c SKIP LOCKED)
    RETURNING clone.name INTO claim.name;
    from_stock := claim.name IS NOT NULL;
    UPDATE template SET used = clock_timestamp(),
        claims = 1 + CASE WHEN clock_timestamp() - used > interval '10 s' THEN 0 ELSE template.claims END,
        hits = from_stock::integer + CASE WHEN clock_timestamp() - used > interval '10 s' THEN 0 ELSE template.hits END,
        wanted = CASE WHEN clock_timestamp() - used > interval '10 s' THEN template.claims
            ELSE greatest(template.wanted, template.claims + 1) END
    WHERE template.id = key RETURNING * INTO t;
    IF NOT FOUND THEN RETURN; END IF;
    id := t.id;
    IF NOT from_stock THEN
        claim.name := new_name(t.id);
        INSERT INTO clone (name, template, use) VALUES (claim.name, t.id, 'test');
    END IF;
    dressed := from_stock OR t.settings = '{}';
    claims := t.claims;
    hits := t.hits;
    SELECT count(*) INTO stock FROM clone c WHERE c.template = t.id AND c.use = 'stock';
    -- Not for each single one; and once in a run for what others have left.
    task := (t.claims = 1 OR target(t) - stock >= greatest(1, target(t) / 4)) AND NOT keeper_is_busy();
END $$;

-- What is to be done besides handing out, as statements that can't be in a function: null, and after that an error,
-- when there is nothing more, or somebody else is at it. It keeps in its rows how far it is; each call does one thing.
CREATE FUNCTION next_task() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    c clone;
    t template;
    old text;
BEGIN
    -- Who gave a database back while the lock was held has seen that somebody is busy: so, once it is not, look again.
    IF current_setting('migrate.done', true) = 'refused' OR current_setting('migrate.done', true) = 'yes'
        AND NOT EXISTS (SELECT FROM clone WHERE use = 'drop' AND NOT is_alive(pid, since)) THEN
        RAISE EXCEPTION 'done';
    END IF;
    IF current_setting('migrate.keeper', true) IS DISTINCT FROM 'yes' THEN
        IF NOT pg_try_advisory_lock(1835365473, 1) THEN
            PERFORM set_config('migrate.done', 'refused', false);
            RETURN NULL;
        END IF;
        PERFORM set_config('migrate.keeper', 'yes', false);
    END IF;

    -- What this session has made.
    FOR c IN SELECT * FROM clone WHERE use = 'stock' AND NOT ready AND pid = pg_backend_pid() AND is_there(name) LOOP
        PERFORM dress(c.name, c.template);
        UPDATE clone SET ready = true WHERE name = c.name;
    END LOOP;
    -- What is gone, or was never made.
    DELETE FROM clone WHERE (use = 'drop' OR NOT is_alive(pid, since))
        AND NOT EXISTS (SELECT FROM pg_database WHERE datname = name);

    -- Leftovers of those who were killed, what was kept for a day, and stock that nobody wants any more: of a template
    -- that is gone or was not used for a day, or for ten minutes and has been followed by another.
    UPDATE clone SET use = 'drop', pid = pg_backend_pid(), since = this_session() WHERE name = (
        SELECT d.name FROM clone d LEFT JOIN template o ON o.id = d.template
        WHERE (use IN ('build', 'test', 'drop') AND NOT is_alive(pid, since))
            OR (use = 'stock' AND NOT ready AND NOT is_alive(pid, since))
            OR (use = 'kept' AND at < clock_timestamp() - interval '1 day')
            OR (use = 'stock' AND (o.id IS NULL OR NOT is_wanted(o)))
        LIMIT 1 FOR UPDATE OF d SKIP LOCKED)
    RETURNING * INTO c;
    IF FOUND THEN
        PERFORM throw_out(c.name);
        RETURN drop_sql(c.name);
    END IF;

    -- Templates that nobody has used for a week: under another name at once, so that a new one can be made.
    DELETE FROM template WHERE id = (SELECT o.id FROM template o WHERE o.used < clock_timestamp() - interval '7 days'
        LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING * INTO t;
    IF FOUND THEN
        old := new_name(t.id);
        INSERT INTO clone (name, template, use, pid) VALUES (old, t.id, 'drop', 0);
        IF is_there('migrate_test_' || t.id) THEN
            EXECUTE format('ALTER DATABASE %I IS_TEMPLATE false', 'migrate_test_' || t.id);
            EXECUTE format('ALTER DATABASE %I RENAME TO %I', 'migrate_test_' || t.id, old);
        END IF;
        RETURN 'SELECT 1';
    END IF;

    SELECT o.* INTO t FROM template o WHERE is_wanted(o)
        AND (SELECT count(*) FROM clone WHERE template = o.id AND use = 'stock') < target(o)
    ORDER BY o.used DESC LIMIT 1;
    IF FOUND THEN
        INSERT INTO clone (name, template, use, ready) VALUES (new_name(t.id), t.id, 'stock', t.settings = '{}')
        RETURNING * INTO c;
        RETURN create_sql(c.name, t.id);
    END IF;
    PERFORM set_config('migrate.done', 'yes', false);
    PERFORM set_config('migrate.keeper', '', false);
    PERFORM pg_advisory_unlock(1835365473, 1);
    RETURN NULL;
END $$;
