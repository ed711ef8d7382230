//! The procedural half of `embed_migrations!`. Use it from the crate `migrate`, where its documentation is.

mod args;
mod embed;
mod expand;
#[cfg(feature = "test")]
mod test;

use proc_macro::TokenStream;

/// Called by the facade's `embed_migrations!`, with the path to its hidden module before the `;`.
#[doc(hidden)]
#[proc_macro]
pub fn embed(input: TokenStream) -> TokenStream {
    let expanded = syn::parse(input).and_then(|args| embed::embed(&args));
    expanded.unwrap_or_else(|error| error.into_compile_error()).into()
}

/// Gives a test a database of its own, by the type of its one parameter, with the migrations of the argument; drops it at
/// the end, and keeps it when the test fails, saying where it is.
///
/// ```ignore
/// #[migrate::test(MIGRATIONS)]
/// fn a_book_can_be_lent(mut db: migrate::testing::Postgres) -> Result<(), Box<dyn std::error::Error>> {
///     db.client()?.execute("INSERT INTO books (title) VALUES ('Emma')", &[])?;
///     Ok(())
/// }
///
/// // With the attribute of the runtime below it:
/// #[migrate::test(MIGRATIONS)]
/// #[tokio::test]
/// async fn and_returned(db: migrate::testing::Postgres) {
///     let pool = sqlx::PgPool::connect(db.url()).await.unwrap();
/// }
/// ```
///
/// The argument is anything that is a `migrate::testing::Source` of the parameter's type: embedded migrations, a `Set`, or a
/// `Template` with rows to start from. `#[migrate::test(MIGRATIONS, crate = other)]` says what the crate `migrate` is called here.
#[cfg(feature = "test")]
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let expanded = syn::parse(arguments).and_then(|args| test::test(&args, syn::parse(item)?));
    expanded.unwrap_or_else(|error| error.into_compile_error()).into()
}
