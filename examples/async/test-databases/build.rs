fn main() {
    // A new file must reach the program: without this line Cargo does not notice it.
    println!("cargo::rerun-if-changed=migrations");
}
