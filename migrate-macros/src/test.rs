use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::{Error, Result};

/// The test without its parameter, around a function that is the test as it was written.
///
/// A `#[test]` is added where no attribute below says that it makes a test: two of them would run it twice, and none
/// would not run it at all, without a word.
pub(crate) fn test(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let (source, krate) = split_arguments(arguments)?;
    let function = Function::parse(item)?;
    let written = &function.written;
    let (head, tail) = (&function.attributes, &function.result);
    let private = stream(&format!("{krate}::testing::__private"))?;
    let pair = stream("let (__database, __ending) =")?;
    let begin = quoted(&[&pair, &private, &stream("::begin::<")?, &function.parameter_type, &stream(">")?]);
    let argument = parenthesised(quoted(&[&stream("&")?, &parenthesised(source)]));
    let name = TokenStream::from(TokenTree::from(function.name.clone()));
    let await_it = stream(if function.is_async { ".await" } else { "" })?;
    let call = parenthesised(quoted(&[&name, &parenthesised(stream("__database")?), &await_it]));
    let body = quoted(&[written, &begin, &argument, &stream("; __ending.with")?, &call]);
    let marker = stream(if function.is_marked { "" } else { "#[::core::prelude::v1::test]" })?;
    let keyword = stream(if function.is_async { "async fn" } else { "fn" })?;
    let body = TokenStream::from(TokenTree::from(Group::new(Delimiter::Brace, body)));
    Ok(quoted(&[&marker, head, &function.visibility, &keyword, &name, &stream("()")?, tail, &body]))
}

struct Function {
    attributes: TokenStream,
    is_marked: bool,
    visibility: TokenStream,
    is_async: bool,
    name: proc_macro2::Ident,
    parameter_type: TokenStream,
    /// `-> T`, or nothing.
    result: TokenStream,
    /// The function itself, without attributes and visibility.
    written: TokenStream,
}

impl Function {
    fn parse(item: TokenStream) -> Result<Self> {
        let tokens: Vec<TokenTree> = item.into_iter().collect();
        let mut at = 0;
        let (mut attributes, mut is_marked) = (TokenStream::new(), false);
        while let [TokenTree::Punct(hash), TokenTree::Group(group), ..] = &tokens[at..]
            && hash.as_char() == '#'
        {
            is_marked |= makes_a_test(group);
            attributes.extend(tokens[at..at + 2].iter().cloned());
            at += 2;
        }
        let word = |tree: &TokenTree, word: &str| matches!(tree, TokenTree::Ident(ident) if ident == word);
        let place = tokens[at..].iter().position(|tree| word(tree, "fn")).map(|found| at + found);
        let fail = |why| Err(Error::new(tokens.get(at).map_or_else(Span::call_site, TokenTree::span), why));
        let Some(place) = place else { return fail("#[migrate::test] stands before a function") };
        let begins = tokens[at..place].iter().position(|tree| word(tree, "async")).map_or(place, |found| at + found);
        let is_async = begins < place;
        let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(parameters))) =
            (tokens.get(place + 1), tokens.get(place + 2))
        else {
            return fail("a test is a function without generic parameters");
        };
        if is_async && !is_marked {
            return fail("an async test needs the attribute of its runtime below this one, as #[tokio::test]");
        }
        Ok(Function {
            attributes,
            is_marked,
            visibility: tokens[at..begins].iter().cloned().collect(),
            is_async,
            name: name.clone(),
            parameter_type: type_of_the_only(parameters)?,
            result: tokens[place + 3..tokens.len() - 1].iter().cloned().collect(),
            written: tokens[begins..].iter().cloned().collect(),
        })
    }
}

/// `#[test]`, `#[tokio::test]`, `#[async_std::test(…)]`: the last word of the path.
fn makes_a_test(attribute: &Group) -> bool {
    let path = attribute.stream().into_iter().take_while(|tree| !matches!(tree, TokenTree::Group(_)));
    path.last().is_some_and(|last| matches!(last, TokenTree::Ident(ident) if ident == "test"))
}

fn type_of_the_only(parameters: &Group) -> Result<TokenStream> {
    let tokens: Vec<TokenTree> = parameters.stream().into_iter().collect();
    let is = |at: usize, sign| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == sign);
    let colon = (0..tokens.len()).find(|at| is(*at, ':') && !is(at + 1, ':') && !(*at > 0 && is(at - 1, ':')));
    let Some(colon) = colon else {
        let why = "the test takes its database: (db: migrate::testing::Postgres), or Mysql, Sqlite, SqliteFile";
        return Err(Error::new(parameters.span(), why));
    };
    let end = tokens.len() - usize::from(is(tokens.len() - 1, ','));
    if tokens[colon + 1..end].iter().any(|tree| matches!(tree, TokenTree::Punct(punct) if punct.as_char() == ',')) {
        return Err(Error::new(parameters.span(), "the test takes one database, and nothing else"));
    }
    Ok(tokens[colon + 1..end].iter().cloned().collect())
}

/// The source, and the path of the facade: `MIGRATIONS, crate = other`.
fn split_arguments(arguments: TokenStream) -> Result<(TokenStream, String)> {
    let tokens: Vec<TokenTree> = arguments.into_iter().collect();
    let is_crate = |at: &usize| {
        matches!((&tokens[*at], tokens.get(at + 1), tokens.get(at + 2)),
            (TokenTree::Punct(comma), Some(TokenTree::Ident(word)), Some(TokenTree::Punct(equals)))
            if comma.as_char() == ',' && word == "crate" && equals.as_char() == '=')
    };
    let end = (0..tokens.len()).find(is_crate).unwrap_or(tokens.len());
    let krate: TokenStream = tokens.iter().skip(end + 3).cloned().collect();
    let krate = if krate.is_empty() { "::migrate".to_owned() } else { krate.to_string() };
    if end == 0 {
        let why = "the test needs migrations: #[migrate::test(MIGRATIONS)]";
        return Err(Error::new(Span::call_site(), why));
    }
    Ok((tokens[..end].iter().cloned().collect(), krate))
}

fn stream(text: &str) -> Result<TokenStream> {
    Ok(text.parse()?)
}

fn quoted(parts: &[&TokenStream]) -> TokenStream {
    parts.iter().flat_map(|part| (*part).clone()).collect()
}

fn parenthesised(inside: TokenStream) -> TokenStream {
    TokenTree::from(Group::new(Delimiter::Parenthesis, inside)).into()
}
