use crate::BoxError;

/// What a migration is handed.
pub struct Session<'a, C> {
    connection: &'a mut C,
}

impl<C> Session<'_, C> {
    /// The client library's own connection.
    pub fn connection(&mut self) -> &mut C {
        self.connection
    }

    /// Runs a script.
    ///
    /// # Errors
    /// What the database says.
    pub fn run(&mut self, script: &str) -> Result<(), BoxError> {
        let _ = script;
        Ok(())
    }
}
