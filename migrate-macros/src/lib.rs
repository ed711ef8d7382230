//! part of migrate
