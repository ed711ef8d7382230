//! From files to migrations.
