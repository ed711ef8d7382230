-- What is in the server: templates, copies of them, and who has which. What is not written here is never touched.
-- Changed in any way, this gets another name (`NAME` in registry.rs), so that programs with either leave each other alone.

DO $do$
DECLARE
    this text := quote_ident(current_database());
BEGIN
    EXECUTE 'COMMENT ON DATABASE ' || this || ' IS ''migrate: which databases of this server are for tests''';
    -- A copy's row is written before its CREATE DATABASE, which makes durable what is before it.
    EXECUTE 'ALTER DATABASE ' || this || ' SET synchronous_commit = off';
    IF current_setting('server_version_num')::integer >= 140000 THEN
        -- A session is its claims: it must not end before its tests.
        EXECUTE 'ALTER DATABASE ' || this || ' SET idle_session_timeout = 0';
    END IF;
END $do$;

-- A finished template, and its database.
CREATE TABLE template (
    id text PRIMARY KEY,
    name text NOT NULL,
    used timestamptz NOT NULL DEFAULT clock_timestamp(),
    bytes bigint NOT NULL,
    -- What a copy does not have by itself, as texts for format(): ALTER DATABASE ... SET.
    settings text[] NOT NULL,
    -- Of the run at hand, as far as it is counted (`count_claims`): a run ends where nobody asks for ten seconds.
    claims integer NOT NULL DEFAULT 0,
    hits integer NOT NULL DEFAULT 0,
    -- What a whole run asks for: so many copies are kept ready.
    wanted integer NOT NULL DEFAULT 0
);

-- Any other database of ours. Its row is there before it is made, and until it is gone.
CREATE TABLE clone (
    name text PRIMARY KEY CHECK (name LIKE 'migrate\_test\_%'),
    template text NOT NULL,
    -- A template that is built, a copy that is made for the stock, one that is ready there, a test's, a failed test's, and
    -- one that nobody needs any more.
    use text NOT NULL CHECK (use IN ('build', 'fill', 'stock', 'test', 'kept', 'drop')),
    -- The session that makes it, tests with it, or drops it. With the session dies the claim.
    pid integer NOT NULL DEFAULT pg_backend_pid(),
    -- When it was claimed, out of the stock or not; null where it never was.
    claimed timestamptz,
    hit boolean NOT NULL DEFAULT true,
    counted boolean NOT NULL DEFAULT false
);

-- A number is given out again; to be taken for the one before, its session must be in this database, and such a session
-- ends with its run.
CREATE FUNCTION is_alive(pid integer) RETURNS boolean LANGUAGE sql AS
'SELECT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = $1 AND a.datname = current_database())';

-- CREATE DATABASE commits when all is copied: who sees it, has it whole. A DROP that was interrupted leaves -2.
CREATE FUNCTION is_there(name text) RETURNS boolean LANGUAGE sql AS
'SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datconnlimit <> -2)';

CREATE FUNCTION major() RETURNS integer LANGUAGE sql STABLE AS
$$SELECT current_setting('server_version_num')::integer / 10000$$;

CREATE FUNCTION new_name(template text) RETURNS text LANGUAGE sql AS
$$SELECT 'migrate_test_' || left(template, 10) || '_'
    || substr(md5(random()::text || clock_timestamp()::text || pg_backend_pid()::text), 1, 12)$$;

-- How many copies there may be besides those of running tests: 128, of big ones fewer, 4 GB in all.
CREATE FUNCTION capacity(t template) RETURNS integer LANGUAGE sql AS
$$SELECT least(128, greatest(2, 4294967296 / greatest(t.bytes, 1)))::integer$$;

-- How many copies are kept ready: as many as a run asks for.
CREATE FUNCTION target(t template) RETURNS integer LANGUAGE sql AS
$$SELECT least(capacity(t), greatest(2, t.wanted))$$;

-- Whether a stock of it is kept: one rule for making and for dropping, or one would undo what the other does, for ever.
-- Not of one that was unused for a day, nor for ten minutes in which another one came into use.
CREATE FUNCTION is_wanted(t template) RETURNS boolean LANGUAGE sql AS
$$SELECT t.used > clock_timestamp() - interval '10 min' OR (t.used > clock_timestamp() - interval '1 day'
    AND NOT EXISTS (SELECT FROM template n WHERE n.used > t.used + interval '10 min'))$$;

-- FILE_COPY makes a checkpoint before and after; without fsync that costs little, and copying files is quicker than
-- logging pages.
CREATE FUNCTION create_sql(name text, template_name text) RETURNS text LANGUAGE sql AS
$$SELECT format('CREATE DATABASE %I TEMPLATE %I', name, template_name)
    || CASE WHEN major() < 15 THEN '' WHEN current_setting('fsync')::boolean THEN ' STRATEGY WAL_LOG'
            ELSE ' STRATEGY FILE_COPY' END$$;

CREATE FUNCTION drop_sql(name text) RETURNS text LANGUAGE sql AS
$$SELECT format('DROP DATABASE IF EXISTS %I', name) || CASE WHEN major() < 13 THEN '' ELSE ' WITH (FORCE)' END$$;

CREATE FUNCTION terminate_sessions(name text) RETURNS void LANGUAGE sql AS
'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1';

-- What CREATE DATABASE does not copy.
CREATE FUNCTION apply_settings(name text, template text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE setting text;
BEGIN
    FOR setting IN SELECT unnest(settings) FROM template t WHERE t.id = apply_settings.template LOOP
        EXECUTE format(setting, name);
    END LOOP;
END $$;

-- The settings of a database, as `apply_settings` wants them.
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

-- Whether half of the server's connections are claims before this session's: if all were, no test could open its
-- database, and none would end. By age, or all would step back at once, and come back at once.
CREATE FUNCTION is_crowded() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    -- That is quick, and mostly all.
    IF (SELECT pg_stat_get_db_numbackends(oid) * 2 <= current_setting('max_connections')::integer
        FROM pg_database WHERE datname = current_database()) THEN
        RETURN false;
    END IF;
    RETURN (SELECT count(*) * 2 >= current_setting('max_connections')::integer
        FROM pg_stat_activity a, (SELECT * FROM pg_stat_activity WHERE pid = pg_backend_pid()) this
        WHERE a.datname = this.datname AND (a.backend_start, a.pid) < (this.backend_start, this.pid));
END $$;

-- Whether somebody follows `next_task`.
CREATE FUNCTION is_attended() RETURNS boolean LANGUAGE sql AS
'SELECT NOT pg_try_advisory_xact_lock_shared(1835365473, 1)';

-- A row for a copy that the caller makes, with what this returns; nothing where there is no template yet. (A copy of the
-- stock is claimed by a plain UPDATE, in registry.rs: what that calls, it calls for half of all the time that it takes.)
CREATE FUNCTION claim_new(fingerprint text, OUT name text, OUT is_attended boolean, OUT is_crowded boolean,
    OUT create_sql text, OUT has_settings boolean) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
    t template;
BEGIN
    -- Where there is no psql, nobody counts.
    UPDATE template SET used = clock_timestamp() WHERE id = fingerprint AND used < clock_timestamp() - interval '1 hour';
    SELECT * INTO t FROM template WHERE id = fingerprint;
    IF FOUND THEN
        INSERT INTO clone (name, template, use, claimed, hit) VALUES (new_name(t.id), t.id, 'test', clock_timestamp(), false)
        RETURNING clone.name INTO claim_new.name;
        is_attended := is_attended();
        is_crowded := is_crowded();
        create_sql := create_sql(claim_new.name, t.name);
        has_settings := t.settings <> '{}';
        RETURN NEXT;
    END IF;
END $$;

-- One whose database somebody has dropped, with the rows that were to be its copies.
CREATE FUNCTION forget_template(id text) RETURNS void LANGUAGE sql AS $$
    DELETE FROM template t WHERE t.id = $1 AND NOT is_there(name);
    DELETE FROM clone WHERE template = $1 AND pid = pg_backend_pid() AND NOT is_there(name);
$$;

-- Gives back what was claimed and never used.
CREATE FUNCTION unclaim(of text) RETURNS void LANGUAGE sql AS $$
    SELECT FROM clone WHERE name = of FOR UPDATE;
    UPDATE template t SET claims = claims - 1, hits = hits - hit::integer
    FROM clone c WHERE c.name = of AND counted AND t.id = c.template;
    UPDATE clone SET use = CASE WHEN hit THEN 'stock' ELSE 'drop' END, pid = 0, claimed = NULL, counted = false
    WHERE name = of;
$$;

-- A claim writes no row but its own, so that no test waits for another; here they are added up.
CREATE FUNCTION count_claims() RETURNS void LANGUAGE sql AS $$
    WITH new AS (
        UPDATE clone SET counted = true WHERE claimed IS NOT NULL AND NOT counted RETURNING template, claimed, hit
    ), sum AS (
        SELECT template, min(claimed) AS first, max(claimed) AS last, count(*) AS claims, count(*) FILTER (WHERE hit) AS hits
        FROM new GROUP BY template
    )
    UPDATE template t SET used = greatest(used, last),
        claims = sum.claims + CASE WHEN first > used + interval '10 s' THEN 0 ELSE t.claims END,
        hits = sum.hits + CASE WHEN first > used + interval '10 s' THEN 0 ELSE t.hits END,
        wanted = CASE WHEN first > used + interval '10 s' THEN greatest(t.claims, sum.claims)
            ELSE greatest(wanted, t.claims + sum.claims) END
    FROM sum WHERE id = sum.template
$$;

-- For people: how many of the databases of this run came out of the stock.
CREATE FUNCTION run_so_far(fingerprint text) RETURNS text LANGUAGE sql AS $$
    SELECT hits + (SELECT count(*) FROM clone WHERE template = id AND claimed IS NOT NULL AND NOT counted AND hit)
        || ' of ' || claims + (SELECT count(*) FROM clone WHERE template = id AND claimed IS NOT NULL AND NOT counted)
    FROM template WHERE id = fingerprint
$$;

-- What is to be done besides handing out, as a statement that can't be in a function: null, and after that an error,
-- when there is nothing more, or somebody else is at it. It keeps in its rows how far it is; each call does one thing.
--
-- While tests ask for databases it waits: copying and dropping take the processors and the disk that they need. (Two
-- hundred tests of nextest on two cores got theirs in 44 ms when the stock was filled beside them.)
CREATE FUNCTION next_task() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    c clone;
    t template;
    is_busy boolean;
BEGIN
    IF current_setting('migrate.keeper', true) = 'over' THEN
        RAISE EXCEPTION 'done';
    END IF;
    IF current_setting('migrate.keeper', true) IS DISTINCT FROM 'holds' THEN
        -- A claim looks at the lock by taking it for a moment.
        FOR attempt IN 1..10 LOOP
            IF pg_try_advisory_lock(1835365473, 1) THEN
                PERFORM set_config('migrate.keeper', 'holds', false);
                EXIT;
            END IF;
            PERFORM pg_sleep(0.01);
        END LOOP;
        IF current_setting('migrate.keeper', true) IS DISTINCT FROM 'holds' THEN
            PERFORM set_config('migrate.keeper', 'over', false);
            RETURN NULL;
        END IF;
    END IF;

    PERFORM count_claims();
    -- What this session has made.
    FOR c IN SELECT * FROM clone WHERE use = 'fill' AND pid = pg_backend_pid() AND is_there(name) LOOP
        PERFORM apply_settings(c.name, c.template);
        UPDATE clone SET use = 'stock', pid = 0 WHERE name = c.name;
    END LOOP;

    -- Not beside the tests, unless there are too many to drop. A thread of the tests has no other time, and only drops.
    is_busy := EXISTS (SELECT FROM clone WHERE claimed > clock_timestamp() - interval '500 ms');
    IF is_busy AND current_setting('migrate.ends_with_the_tests', true) IS DISTINCT FROM 'yes' AND NOT EXISTS (
        SELECT FROM template o WHERE capacity(o) < (SELECT count(*) FROM clone WHERE template = o.id AND use = 'drop')) THEN
        RETURN 'SELECT pg_sleep(0.2)';
    END IF;

    -- What is gone, or was never made.
    DELETE FROM clone WHERE (use = 'drop' OR pid = pg_backend_pid() OR NOT is_alive(pid))
        AND NOT EXISTS (SELECT FROM pg_database WHERE datname = name);

    -- Templates that nobody has used for a week, and those whose databases somebody has dropped.
    WITH old AS (
        DELETE FROM template WHERE used < clock_timestamp() - interval '7 days' OR NOT is_there(name) RETURNING *)
    INSERT INTO clone (name, template, use, pid) SELECT name, id, 'drop', 0 FROM old;

    -- Leftovers of those who were killed, what was kept for a day, and stock that nobody wants any more: of a template
    -- that is gone or was not used for a day, or for ten minutes and has been followed by another.
    UPDATE clone SET use = 'drop', pid = pg_backend_pid() WHERE name = (
        SELECT d.name FROM clone d LEFT JOIN template o ON o.id = d.template
        WHERE (use IN ('build', 'fill', 'test', 'drop') AND NOT is_alive(pid))
            OR (use = 'kept' AND claimed < clock_timestamp() - interval '1 day')
            OR (use = 'stock' AND (o.id IS NULL OR NOT is_wanted(o)))
        LIMIT 1 FOR UPDATE OF d SKIP LOCKED)
    RETURNING * INTO c;
    IF FOUND THEN
        IF EXISTS (SELECT FROM pg_database WHERE datname = c.name AND datistemplate) THEN
            EXECUTE format('ALTER DATABASE %I IS_TEMPLATE false', c.name);
        END IF;
        PERFORM terminate_sessions(c.name);
        RETURN drop_sql(c.name);
    END IF;

    IF is_busy THEN
        RETURN 'SELECT pg_sleep(0.2)';
    END IF;
    -- The emptiest first.
    SELECT o.* INTO t FROM template o, LATERAL (
        SELECT count(*)::float / target(o) AS filled FROM clone WHERE template = o.id AND use IN ('fill', 'stock')) stock
    WHERE is_wanted(o) AND filled < 1 ORDER BY filled, used DESC LIMIT 1;
    IF FOUND THEN
        INSERT INTO clone (name, template, use) VALUES (new_name(t.id), t.id, 'fill') RETURNING * INTO c;
        RETURN create_sql(c.name, t.name);
    END IF;

    -- A test that has a database will give it back.
    IF EXISTS (SELECT FROM clone WHERE use = 'test' AND is_alive(pid)) THEN
        RETURN 'SELECT pg_sleep(0.2)';
    END IF;
    -- There may be no autovacuum, and every connection reads pg_database.
    IF current_setting('migrate.vacuumed', true) IS DISTINCT FROM 'yes' THEN
        PERFORM set_config('migrate.vacuumed', 'yes', false);
        RETURN 'VACUUM template, clone, pg_database, pg_shdepend';
    END IF;
    PERFORM pg_advisory_unlock(1835365473, 1);
    -- Who claimed one until then has seen somebody at it: so look again.
    PERFORM set_config('migrate.keeper', CASE WHEN EXISTS (SELECT FROM clone WHERE use IN ('test', 'drop')
        AND (use = 'drop' OR is_alive(pid))) THEN '' ELSE 'over' END, false);
    RETURN NULL;
END $$;
