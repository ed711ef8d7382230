//! PostgreSQL. What is refused in a transaction block was measured with 10 to 18 (SQLSTATE 25001);
//! a row that depends on the server's version or on the object says `may_fail`.

use super::{Role, Row, control, opaque, row, session, temporary};

pub(super) const ROWS: &[Row] = &[
    control("END"),
    control("ABORT"),
    control("PREPARE TRANSACTION"),
    control("COMMIT PREPARED"),
    control("ROLLBACK PREPARED"),
    session("SET [LOCAL|SESSION] TRANSACTION").ends_segment(),
    session("SET CONSTRAINTS").ends_segment(),
    session("SET LOCAL"),
    session("SET|RESET|LISTEN|UNLISTEN|LOAD|DEALLOCATE"),
    session("DISCARD ALL").fails(BLOCK),
    session("DISCARD"),
    row("COMMENT ON").role(Role::Neutral),
    opaque("DO|CALL").may_fail("what it runs may commit by itself, which only works outside of one"),
    opaque("EXECUTE"),
    temporary("PREPARE @"),
    temporary("DECLARE @"),
    temporary("CREATE [GLOBAL|LOCAL] -TEMP|TEMPORARY TABLE [IF NOT EXISTS] @").having("ON COMMIT").ends_segment(),
    temporary("CREATE [GLOBAL|LOCAL] -TEMP|TEMPORARY TABLE [IF NOT EXISTS] @"),
    temporary("CREATE -TEMP|TEMPORARY SEQUENCE [IF NOT EXISTS] @"),
    temporary("CREATE [OR REPLACE] -TEMP|TEMPORARY [RECURSIVE] VIEW @"),
    temporary("SELECT|WITH").having("INTO TEMP"),
    temporary("SELECT|WITH").having("INTO TEMPORARY"),
    // What every dump begins with.
    session("SELECT [PG_CATALOG .] -SET_CONFIG () $"),
    row("CREATE [UNIQUE] INDEX -CONCURRENTLY -ON [ONLY] ^").fails(BLOCK),
    row("CREATE [UNIQUE] INDEX -CONCURRENTLY [IF NOT EXISTS] @ -ON [ONLY] ^").fails(BLOCK),
    row("CREATE [UNIQUE] INDEX -ON [ONLY] ^"),
    row("DROP INDEX -CONCURRENTLY [IF EXISTS] @,").fails(BLOCK),
    row("REINDEX").having("CONCURRENTLY").fails(BLOCK),
    row("REINDEX () SCHEMA|DATABASE|SYSTEM").fails(BLOCK),
    row("REINDEX () TABLE|INDEX @")
        .since(14)
        .may_fail("PostgreSQL 14 and later reindex a partitioned table or index only outside of a transaction"),
    row("REINDEX () TABLE|INDEX @"),
    row("CLUSTER () [VERBOSE] $").fails(BLOCK),
    row("CLUSTER () [VERBOSE] @")
        .since(15)
        .may_fail("PostgreSQL 15 and later cluster a partitioned table only outside of a transaction"),
    row("CLUSTER () [VERBOSE] @"),
    row("VACUUM").fails(BLOCK),
    row("CREATE|DROP DATABASE|TABLESPACE [IF EXISTS] @").fails(BLOCK),
    row("ALTER SYSTEM").fails(BLOCK),
    row("ALTER DATABASE @ -SET -TABLESPACE").fails(BLOCK),
    row("ALTER TABLE [IF EXISTS] [ONLY] @ -DETACH -PARTITION @")
        .having("DETACH PARTITION .. CONCURRENTLY")
        .fails(BLOCK),
    row("ALTER TABLE [IF EXISTS] [ONLY] @").having("DETACH PARTITION .. CONCURRENTLY").fails(BLOCK),
    row("ALTER TYPE @ -ADD -VALUE")
        .before(12)
        .fails("PostgreSQL before 12 adds a value to an enum only outside of a transaction")
        .ends_segment(),
    // The value must not be used before the commit (55P04).
    row("ALTER TYPE @ -ADD -VALUE").ends_segment(),
    row("CREATE SUBSCRIPTION @").having("CREATE_SLOT").may_fail(SLOT),
    row("CREATE SUBSCRIPTION @").having("CONNECT").may_fail(SLOT),
    row("CREATE SUBSCRIPTION @").fails(SLOT),
    row("DROP SUBSCRIPTION [IF EXISTS] @").may_fail(SLOT),
    row("ALTER SUBSCRIPTION @ REFRESH").may_fail(SLOT),
    row("ALTER SUBSCRIPTION @").may_fail(SLOT),
    row("CREATE [OR REPLACE] FUNCTION|PROCEDURE|AGGREGATE @"),
    row("CREATE [OR REPLACE] [CONSTRAINT] TRIGGER @ ~ON ^"),
    row("CREATE [OR REPLACE] RULE @ ~TO ^"),
    row("CREATE|ALTER|DROP POLICY [IF EXISTS] @ ~ON ^"),
    row("ALTER|DROP TRIGGER|RULE [IF EXISTS] @ ~ON ^"),
    row("CREATE [OR REPLACE] [RECURSIVE] VIEW @"),
    row("CREATE -UNLOGGED|FOREIGN TABLE [IF NOT EXISTS] @"),
    row("DROP MATERIALIZED VIEW [IF EXISTS] @,"),
    row("CREATE|ALTER|DROP|REFRESH MATERIALIZED VIEW [CONCURRENTLY] [IF NOT EXISTS] [IF EXISTS] @"),
    row("DROP TABLE|VIEW|INDEX|SEQUENCE|TYPE|DOMAIN|SCHEMA|EXTENSION|ROLE|PUBLICATION [IF EXISTS] @,"),
    row("DROP FOREIGN TABLE [IF EXISTS] @,"),
    row(
        "CREATE|ALTER|DROP SCHEMA|TYPE|DOMAIN|SEQUENCE|EXTENSION|VIEW|INDEX|FUNCTION|PROCEDURE|ROLE|PUBLICATION [IF NOT EXISTS] [IF EXISTS] @",
    ),
    row("ALTER FOREIGN TABLE [IF EXISTS] [ONLY] @"),
    row("ALTER TABLE [IF EXISTS] [ONLY] @"),
    row(
        "CREATE|ALTER|DROP ACCESS|AGGREGATE|CAST|COLLATION|CONVERSION|DATABASE|DEFAULT|EVENT|FOREIGN|GROUP|LANGUAGE|LARGE|OPERATOR|OWNED|ROUTINE|SERVER|STATISTICS|TABLESPACE|TEXT|TRANSFORM|USER",
    ),
    row("CREATE [OR REPLACE] [TRUSTED] [PROCEDURAL] LANGUAGE|TRANSFORM"),
    row("TRUNCATE [TABLE] [ONLY] @,"),
    row("UPDATE [ONLY] @"),
    row("DELETE -FROM [ONLY] @"),
    row("COPY|LOCK|GRANT|REVOKE|MERGE|NOTIFY|SECURITY|REASSIGN|IMPORT|REINDEX|FETCH|MOVE|CLOSE|SHOW|CHECKPOINT"),
];

const BLOCK: &str = "PostgreSQL refuses it inside a transaction block";
const SLOT: &str = "PostgreSQL cannot make or drop a subscription's replication slot inside a transaction block";
