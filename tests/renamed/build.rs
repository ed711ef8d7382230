//! A new migration builds the crate again.

#[allow(clippy::print_stdout)]
fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
