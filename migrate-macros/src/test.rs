use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, FnArg, Ident, Item, ItemFn, Path, Result, Token, Type, parse_quote};

/// `MIGRATIONS`, or `MIGRATIONS, crate = other`.
pub(crate) struct Args {
    /// What the database is made of.
    source: Expr,
    /// What the facade is called here.
    facade: Path,
}

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.is_empty() {
            return Err(Error::new(Span::call_site(), "the test needs migrations: #[migrate::test(MIGRATIONS)]"));
        }
        let mut args = Args { source: input.parse()?, facade: parse_quote!(::migrate) };
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        if !input.is_empty() {
            let fail = |error: Error| Error::new(error.span(), "only `crate = path` may follow the migrations");
            input.parse::<Token![crate]>().map_err(fail)?;
            input.parse::<Token![=]>().map_err(fail)?;
            args.facade = input.call(Path::parse_mod_style)?;
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(args)
    }
}

/// The test without its parameter, around a function that is the test as it was written.
///
/// A `#[test]` is added where no attribute below says that it makes a test: two of them would run it twice, and none
/// would not run it at all, without a word.
pub(crate) fn test(args: &Args, item: Item) -> Result<TokenStream> {
    let Item::Fn(mut written) = item else {
        return Err(Error::new(item.span(), "#[migrate::test] stands before a function"));
    };
    let attributes = std::mem::take(&mut written.attrs);
    let visibility = std::mem::replace(&mut written.vis, syn::Visibility::Inherited);
    let database = database(&written)?.clone();
    let is_marked = attributes.iter().any(makes_a_test);
    if let (Some(keyword), false) = (&written.sig.asyncness, is_marked) {
        let why = "an async test needs the attribute of its runtime below #[migrate::test], as #[tokio::test]";
        return Err(Error::new(keyword.span(), why));
    }

    let Args { source, facade } = args;
    let marker = (!is_marked).then(|| quote!(#[::core::prelude::v1::test]));
    let (name, result, keyword) = (&written.sig.ident, &written.sig.output, &written.sig.asyncness);
    let wait = keyword.map(|_| quote!(.await));
    // The test may have one of these names.
    let [handed, ending] = ["database", "ending"].map(|name| Ident::new(name, Span::mixed_site()));
    // A source that does not fit is an error at its place.
    let begin = quote_spanned!(source.span()=> #facade::testing::__private::begin::<#database>(&(#source)));
    Ok(quote! {
        #marker
        #(#attributes)*
        #visibility #keyword fn #name() #result {
            #written
            let (#handed, #ending) = #begin;
            #ending.with(#name(#handed)#wait)
        }
    })
}

/// The type of the only parameter.
fn database(function: &ItemFn) -> Result<&Type> {
    let signature = &function.sig;
    if !signature.generics.params.is_empty() {
        return Err(Error::new(signature.generics.span(), "a test has no generic parameters"));
    }
    let mut parameters = signature.inputs.iter();
    let missing = "the test takes its database: (db: migrate::testing::Postgres), or Sqlite, or SqliteFile";
    match (parameters.next(), parameters.next()) {
        (None, _) => Err(Error::new(signature.paren_token.span.join(), missing)),
        (Some(FnArg::Receiver(this)), _) => Err(Error::new(this.span(), missing)),
        (Some(_), Some(more)) => Err(Error::new(more.span(), "the test takes one database, and nothing else")),
        (Some(FnArg::Typed(parameter)), None) => match &*parameter.ty {
            Type::Reference(borrowed) => {
                Err(Error::new(borrowed.span(), "the test owns its database: write it without `&`"))
            }
            owned => Ok(owned),
        },
    }
}

/// `#[test]`, `#[tokio::test]`, `#[async_std::test(…)]`: the last word of the path.
fn makes_a_test(attribute: &Attribute) -> bool {
    attribute.path().segments.last().is_some_and(|last| last.ident == "test")
}
