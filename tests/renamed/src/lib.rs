//! The crate `migrate` under another name: nothing that the macro writes may name it.

/// The directory that is meant when none is given.
pub static MIGRATIONS: db::Embedded = db::embed_migrations!();

#[cfg(test)]
mod tests {
    use super::MIGRATIONS;

    #[test]
    fn embedded() {
        assert_eq!(MIGRATIONS.files(), ["20260102030405_create_users.sql"]);
        assert_eq!(MIGRATIONS.dir(), "migrations");
        MIGRATIONS.assert_fresh();
    }

    #[db::test(MIGRATIONS, crate = db)]
    fn test_database(database: db::testing::Sqlite) {
        let applied: i64 =
            database.connection().query_row("SELECT count(*) FROM migrate_history", [], |row| row.get(0)).unwrap();
        assert_eq!(applied, 1);
    }
}
