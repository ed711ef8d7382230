//! MySQL and MariaDB. What commits was measured (`proof/run transactions`).

use super::{Row, control, opaque, row, session, temporary};

/// What MariaDB does otherwise, or not at all.
pub(super) const MYSQL_ROWS: &[Row] = &[row("CACHE|LOAD INDEX").commits(), row("IMPORT TABLE").commits()];

pub(super) const ROWS: &[Row] = &[
    opaque("BEGIN -NOT -ATOMIC"),
    control("BEGIN").commits(),
    control("START TRANSACTION").commits(),
    control("XA"),
    control("SET").having("AUTOCOMMIT ="),
    control("SET").having("AUTOCOMMIT :"),
    control("SET").having("`AUTOCOMMIT` ="),
    control("SET").having("`AUTOCOMMIT` :"),
    // MariaDB's: any statement may stand behind its FOR, and must not be sent again as a setting is.
    opaque("SET STATEMENT"),
    // What outlives the session is not sent again.
    row("SET GLOBAL|PERSIST|PERSIST_ONLY"),
    row("SET PASSWORD").commits(),
    row("SET DEFAULT ROLE").commits(),
    session("SET|USE"),
    session("LOCK TABLES|TABLE").commits(),
    session("UNLOCK TABLES|TABLE"),
    temporary("SELECT|WITH").having("INTO @"),
    temporary("PREPARE @"),
    session("DEALLOCATE|DROP PREPARE"),
    opaque("CALL|EXECUTE|DO"),
    temporary("CREATE [OR REPLACE] -TEMPORARY TABLE [IF NOT EXISTS] @"),
    temporary("CREATE [OR REPLACE] -TEMPORARY SEQUENCE [IF NOT EXISTS] @").commits(),
    row("DROP -TEMPORARY TABLE|SEQUENCE [IF EXISTS] @,"),
    row("CREATE [OR REPLACE] [UNIQUE|FULLTEXT|SPATIAL] INDEX [IF NOT EXISTS] @ ~ON ^").commits(),
    row("CREATE [OR REPLACE] % TRIGGER [IF NOT EXISTS] @ ~ON ^").commits(),
    row("DROP INDEX [IF EXISTS] @ ~ON ^").commits(),
    row("DROP TABLE|TABLES|VIEW|SEQUENCE [IF EXISTS] @,").commits(),
    row("CREATE|ALTER|DROP [OR REPLACE] % [SQL SECURITY DEFINER|INVOKER] [AGGREGATE] TABLE|VIEW|INDEX|SEQUENCE|DATABASE|SCHEMA|PROCEDURE|FUNCTION|TRIGGER|EVENT [IF NOT EXISTS] [IF EXISTS] @").commits(),
    row("CREATE|ALTER|DROP USER|ROLE|SERVER|TABLESPACE|INSTANCE|LOGFILE|RESOURCE|UNDO|SPATIAL|PACKAGE").commits(),
    row("CREATE|ALTER|DROP").commits(),
    row("RENAME TABLE|TABLES [IF EXISTS] @>").commits(),
    row("RENAME").commits(),
    row("TRUNCATE [TABLE] @").commits(),
    row("ANALYZE|CHECK|OPTIMIZE|REPAIR [LOCAL|NO_WRITE_TO_BINLOG] TABLE|TABLES @").commits(),
    row("GRANT|REVOKE|FLUSH|INSTALL|UNINSTALL|BACKUP").commits(),
    row("RESET QUERY CACHE").commits(),
    row("DELETE [LOW_PRIORITY] [QUICK] [IGNORE] -FROM @"),
    row("UPDATE [LOW_PRIORITY] [IGNORE] @"),
    row("INSERT|REPLACE [LOW_PRIORITY|DELAYED|HIGH_PRIORITY] [IGNORE] [INTO] @"),
    row("LOAD DATA|XML"),
    row("SHOW|DESCRIBE|DESC|HANDLER|KILL|SIGNAL|CHECKSUM|CACHE|LOAD|HELP|RESET|PURGE|CHANGE|STOP|SHUTDOWN|BINLOG|CLONE|IMPORT"),
];
