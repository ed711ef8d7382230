use migrate_core::sql::Dialect;
use proc_macro2::{Span, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, LitStr, Result, Token};

/// `$crate::__private; "migrations", sqlite`: what the user wrote, behind the path that the facade put before it.
pub(crate) struct Args {
    /// The facade's hidden module, whatever the facade is called in the user's `Cargo.toml`.
    pub(crate) private: TokenStream,
    /// Relative to the crate's directory, without a `/` at its end.
    pub(crate) dir: String,
    /// Where errors of the directory belong.
    pub(crate) span: Span,
    pub(crate) dialect: Option<Dialect>,
}

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut private = TokenStream::new();
        while !input.is_empty() && !input.peek(Token![;]) {
            private.extend([input.parse::<TokenTree>()?]);
        }
        input.parse::<Token![;]>()?;
        let mut args = Args { private, dir: "migrations".into(), span: Span::call_site(), dialect: None };
        if !input.is_empty() {
            (args.dir, args.span) = directory(input)?;
        }
        if comma(input)? {
            args.dialect = Some(dialect(input)?);
        }
        comma(input)?;
        match input.is_empty() {
            true => Ok(args),
            false => Err(input.error("nothing goes here: the arguments are a directory and a dialect")),
        }
    }
}

/// Whether there is an argument behind a comma.
fn comma(input: ParseStream<'_>) -> Result<bool> {
    if input.is_empty() {
        return Ok(false);
    }
    if !input.peek(Token![,]) {
        return Err(input.error("a comma, and the dialect, or nothing"));
    }
    input.parse::<Token![,]>()?;
    Ok(!input.is_empty())
}

fn directory(input: ParseStream<'_>) -> Result<(String, Span)> {
    let literal: LitStr = input.parse().map_err(|error| {
        let wanted = "the directory must be a string literal, as \"migrations\": it is read by the compiler";
        Error::new(error.span(), wanted)
    })?;
    let (value, span) = (literal.value(), literal.span());
    let dir = value.trim_end_matches('/');
    let refuse = |why: &str| Err(Error::new(span, why));
    if dir.is_empty() && !value.starts_with('/') {
        return refuse("the directory has no name: leave it out for \"migrations\"");
    }
    if value.starts_with('/') || std::path::Path::new(&value).is_absolute() {
        return refuse(
            "the directory must be relative to this crate's Cargo.toml: an absolute path is true on one machine",
        );
    }
    if dir.contains('\\') {
        return refuse("separate the directory's parts by `/`, which every system understands");
    }
    Ok((dir.to_owned(), span))
}

fn dialect(input: ParseStream<'_>) -> Result<Dialect> {
    let known = || Dialect::ALL.map(Dialect::name).join(", ");
    if !input.peek(Ident) {
        return Err(input.error(format!("the dialect is a word without quotes: one of {}", known())));
    }
    let name: Ident = input.parse()?;
    let unknown = |_| Error::new(name.span(), format!("unknown dialect `{name}`: it is one of {}", known()));
    name.to_string().parse().map_err(unknown)
}
