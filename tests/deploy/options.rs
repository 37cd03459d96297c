//! The options of the program, wherever `deploy/` gives them: as arguments, in the environment, in the configuration.

use std::net::SocketAddr;

use crate::help::{CHECK, CREATE, GLOBAL, SERVE, Takes};
use crate::{assert_clean, assert_complains};

/// Options that may be given several times; in the environment a semicolon stands between.
const SEVERAL: [&str; 3] = ["accept-void", "inbox", "kafka-property"];
const ROLES: [&str; 5] = ["intake", "engine", "projector", "publisher", "api"];

/// Complains about arguments of the program, its name left out.
pub(crate) fn arguments(place: &str, arguments: &[String]) -> Vec<String> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (takes, given): (&Takes, &[&str]) = match &words[..] {
        ["serve", given @ ..] => (&SERVE, given),
        ["topics", "create", given @ ..] => (&CREATE, given),
        ["topics", "check", given @ ..] => (&CHECK, given),
        other => return vec![format!("{place}: {:?} is no command that is run here", other.first())],
    };
    let mut rest = given.iter().copied();
    let mut found = Vec::new();
    while let Some(argument) = rest.next() {
        let Some(option) = argument.strip_prefix("--") else {
            found.push(format!("{place}: {argument:?} belongs to no option"));
            continue;
        };
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None if takes.options.get(option) == Some(&false) => (option, None),
            None => (option, rest.next()),
        };
        found.extend(option_complaints(place, name, value.unwrap_or_default(), takes));
    }
    found
}

/// Complains about variables of the environment of the program.
pub(crate) fn environment<'a>(
    place: &str,
    variables: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<String> {
    let ours = variables.into_iter().filter(|(name, _)| name.starts_with("CLAIMLOG_"));
    ours.flat_map(|(name, value)| match SERVE.variables.get(name) {
        Some(option) if SEVERAL.contains(&option.as_str()) => {
            value.split(';').filter_map(|it| option_complaints(place, option, it, &SERVE)).collect()
        }
        Some(option) => option_complaints(place, option, value, &SERVE).into_iter().collect(),
        None => vec![format!("{place}: no option is given by {name}")],
    })
    .collect()
}

/// Complains about a configuration file.
pub(crate) fn configuration(place: &str, text: &str) -> Vec<String> {
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(why) => return vec![format!("{place}: {why}")],
    };
    let mut found = Vec::new();
    let mut give = |takes: &Takes, name: &str, value: &toml::Value| {
        let values = value.as_array().map_or_else(|| vec![value.clone()], Clone::clone);
        for value in values {
            let value = value.as_str().map_or_else(|| format!("{value:?}"), str::to_owned);
            found.extend(option_complaints(place, name, &value, takes));
        }
    };
    for (name, value) in &table {
        let (takes, options) = match (name.as_str(), value.as_table()) {
            ("serve", Some(options)) => (&*SERVE, options),
            ("topics", Some(options)) => (&*CREATE, options),
            _ => {
                give(&GLOBAL, name, value);
                continue;
            }
        };
        options.iter().for_each(|(option, value)| give(takes, option, value));
    }
    found
}

fn option_complaints(place: &str, name: &str, value: &str, takes: &Takes) -> Option<String> {
    let Some(has_value) = takes.options.get(name) else {
        return Some(format!("{place}: there is no option `{name}` here"));
    };
    let good = match name {
        _ if !has_value => true,
        "listen" => value.parse::<SocketAddr>().is_ok_and(|it| it.ip().is_loopback()),
        "roles" => value.split(',').all(|it| ROLES.contains(&it)),
        "log-format" => matches!(value, "json" | "text"),
        "inbox" => value
            .split_once('=')
            .is_some_and(|(name, sources)| is_name(name) && sources.split(',').all(is_source)),
        "kafka-property" => {
            value.split_once('=').is_some_and(|(key, value)| !key.is_empty() && !value.is_empty())
        }
        _ => !value.is_empty(),
    };
    (!good).then(|| format!("{place}: `{name}` may not be {value:?}"))
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || b"._-".contains(&it))
}

fn is_source(text: &str) -> bool {
    match text.split_once(':') {
        Some(("partner" | "service", name)) => is_name(name),
        Some(_) => false,
        None => ["customer", "reviewer", "program_operator"].contains(&text),
    }
}

#[test]
fn an_option_that_does_not_exist_or_has_a_value_that_cannot_be_is_found() {
    let check = |line: &str| {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        arguments("here", &words)
    };
    assert_clean(&check("serve --listen 127.0.0.1:8080 --no-effects --roles=api,engine --data D"));
    assert_clean(&check("topics create --kafka=k:9092 --inbox crm=service:crm,customer"));
    assert_complains(&check("serve --port 80"), "no option `port`");
    assert_complains(&check("topics create --listen 127.0.0.1:80"), "no option `listen`");
    assert_complains(&check("serve --listen 0.0.0.0:8080"), "`listen` may not be");
    assert_complains(&check("serve --listen=localhost"), "`listen` may not be");
    assert_complains(&check("serve --roles engine,views"), "`roles` may not be");
    assert_complains(&check("serve --log-format yaml"), "`log-format` may not be");
    assert_complains(&check("serve --inbox crm"), "`inbox` may not be");
    assert_complains(&check("serve --inbox crm=anybody"), "`inbox` may not be");
    assert_complains(&check("serve --kafka-property=acks"), "`kafka-property` may not be");
    assert_complains(&check("serve deploy"), "belongs to no option");
    assert_complains(&check("demo"), "no command that is run here");
}

#[test]
fn a_variable_that_says_nothing_is_found() {
    assert_clean(&environment("here", [("CLAIMLOG_KAFKA_PREFIX", "eu"), ("HOME", "/")]));
    assert_clean(&environment("here", [("CLAIMLOG_INBOX", "crm=customer;portal=partner:p-contoso")]));
    assert_complains(&environment("here", [("CLAIMLOG_PREFIX", "eu")]), "given by CLAIMLOG_PREFIX");
    assert_complains(&environment("here", [("CLAIMLOG_INBOX", "crm=customer;portal")]), "`inbox` may not be");
}

#[test]
fn a_configuration_that_the_program_would_refuse_is_found() {
    assert_clean(&configuration("here", "data = \"d\"\n[serve]\nroles = \"api\"\n"));
    assert_clean(&configuration("here", "[topics]\ninbox = [\"crm=customer\", \"b=customer\"]\n"));
    assert_complains(&configuration("here", "[topics]\nlisten = \"127.0.0.1:1\""), "no option `listen`");
    assert_complains(&configuration("here", "listen = \"127.0.0.1:1\""), "no option `listen`");
    assert_complains(&configuration("here", "[serve]\nlisten = \"[::]:1\""), "`listen` may not be");
    assert_complains(&configuration("here", "[serve"), "here: TOML");
}
