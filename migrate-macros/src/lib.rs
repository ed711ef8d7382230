//! The procedural half of `embed_migrations!`. Use it from the crate `migrate`, where its documentation is.

mod args;
mod embed;
mod expand;

use proc_macro::TokenStream;

/// Called by the facade's `embed_migrations!`, with the path to its hidden module before the `;`.
#[doc(hidden)]
#[proc_macro]
pub fn embed(input: TokenStream) -> TokenStream {
    let expanded = syn::parse(input).and_then(|args| embed::embed(&args));
    expanded.unwrap_or_else(|error| error.into_compile_error()).into()
}
