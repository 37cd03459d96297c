//! Images are pinned: what runs tomorrow is what was tried today.

use crate::{assert_clean, assert_complains, file};

/// Complains about an image without a tag that names a release, or a digest.
pub(crate) fn pinned(place: &str, image: &str) -> Option<String> {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, it)| (name, Some(it)));
    let tag = name.rsplit('/').next().and_then(|it| it.split_once(':')).map(|(_, tag)| tag);
    let is_release = |tag: &str| {
        let number = tag.split('-').next().unwrap_or_default();
        number.contains('.') && number.bytes().all(|it| it.is_ascii_digit() || it == b'.')
    };
    let good = digest.is_some_and(|it| it.starts_with("sha256:")) || tag.is_some_and(is_release);
    (!good).then(|| format!("{place}: the image {image:?} is not pinned to a release"))
}

/// Complains about a Dockerfile: images that are not pinned, root as its user, an entry point that a signal does not reach.
fn dockerfile(text: &str) -> Vec<String> {
    let lines = || text.lines().map(str::trim);
    let images = lines().filter_map(|it| it.strip_prefix("FROM ")?.split(' ').next());
    let mut found: Vec<String> = images.filter_map(|it| pinned("Dockerfile", it)).collect();
    let user = lines().filter_map(|it| it.strip_prefix("USER ")).next_back();
    if !user.is_some_and(|it| it.split(':').all(|it| it.parse::<u32>().is_ok_and(|it| it > 0))) {
        found.push("Dockerfile: it does not end as a user by number, other than root".to_owned());
    }
    if !lines().any(|it| it.starts_with("ENTRYPOINT [")) {
        found.push("Dockerfile: a shell stands between signals and the program".to_owned());
    }
    found
}

#[test]
fn the_image_is_made_of_pinned_ones_and_is_nobodys_root() {
    let text = file("Dockerfile");
    assert_clean(&dockerfile(&text));
    let release = include_str!("../../rust-toolchain.toml");
    let toolchain =
        release.lines().find_map(|it| it.strip_prefix("channel = \"")?.strip_suffix('"')).unwrap();
    assert!(text.contains(&format!("FROM rust:{toolchain}-")), "the toolchain is {toolchain}");
    let variables = text.lines().filter_map(|it| it.strip_prefix("ENV ")).flat_map(|it| it.split(' '));
    let variables = variables.map(|it| it.split_once('=').unwrap());
    assert_clean(&crate::options::environment("Dockerfile", variables));
}

#[test]
fn an_image_that_may_change_is_found() {
    for good in
        ["postgres:17.6-bookworm", "registry.example:5000/a/b:1.2.3", "a@sha256:00ff", "a:latest@sha256:00ff"]
    {
        assert_eq!(pinned("here", good), None);
    }
    for bad in
        ["postgres", "postgres:17", "postgres:latest", "a/b:stable-alpine", "registry.example:5000/a/b"]
    {
        assert!(pinned("here", bad).is_some(), "{bad}");
    }
    let good = "FROM rust:1.2.3 AS build\nUSER 7:7\nENTRYPOINT [\"/it\"]\n";
    assert_clean(&dockerfile(good));
    assert_complains(&dockerfile(&good.replace("1.2.3", "1")), "not pinned");
    assert_complains(&dockerfile(&good.replace("7:7", "0:7")), "other than root");
    assert_complains(&dockerfile(&good.replace("ENTRYPOINT [", "ENTRYPOINT ")), "a shell");
}
