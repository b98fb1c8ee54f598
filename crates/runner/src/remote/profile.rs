//! The files of credentials that the tools of AWS share: what the environment does not say is looked up there.

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey as Key};
use std::env;
use std::fs;
use std::path::PathBuf;

/// Completes what the environment says by the profile of the user, if that has keys.
pub fn complete(mut builder: AmazonS3Builder) -> AmazonS3Builder {
    let name = env::var("AWS_PROFILE").unwrap_or_else(|_| "default".to_owned());
    let read = |variable: &str, file: &str| {
        let usual = || env::home_dir().map(|home| home.join(".aws").join(file));
        let path = env::var_os(variable).map(PathBuf::from).or_else(usual);
        path.and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default()
    };
    let credentials = read("AWS_SHARED_CREDENTIALS_FILE", "credentials");
    let config = read("AWS_CONFIG_FILE", "config");
    let entry = |key: &str| {
        let found = entry(&credentials, &name, key);
        found.or_else(|| self::entry(&config, &name, key)).map(str::to_owned)
    };
    // Keys of one place belong together.
    let other = [
        Key::AccessKeyId,
        Key::SecretAccessKey,
        Key::WebIdentityTokenFile,
        Key::ContainerCredentialsRelativeUri,
    ];
    let is_there = |key: &Key| builder.get_config_value(key).is_some();
    let mut wanted = Vec::new();
    if !other.iter().any(is_there) {
        wanted.extend([
            (Key::AccessKeyId, "aws_access_key_id"),
            (Key::SecretAccessKey, "aws_secret_access_key"),
            (Key::Token, "aws_session_token"),
        ]);
    }
    if !is_there(&Key::Region) {
        wanted.push((Key::Region, "region"));
    }
    if !is_there(&Key::Endpoint) {
        wanted.push((Key::Endpoint, "endpoint_url"));
    }
    for (key, name) in wanted {
        if let Some(value) = entry(name) {
            builder = builder.with_config(key, value);
        }
    }
    builder
}

/// The entry of a profile, which is headed `[NAME]` in one of the files and `[profile NAME]` in the other.
fn entry<'a>(text: &'a str, profile: &str, key: &str) -> Option<&'a str> {
    let mut inside = false;
    for line in text.lines() {
        if let Some(head) = line.trim().strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let head = head.trim();
            inside = head.strip_prefix("profile ").unwrap_or(head).trim() == profile;
        } else if inside
            // What is indented belongs to an entry of another kind.
            && !line.starts_with([' ', '\t', '#', ';'])
            && let Some((name, value)) = line.split_once('=')
            && name.trim().eq_ignore_ascii_case(key)
        {
            return Some(value.trim());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_that_of_its_profile() {
        let text = "# x\n[default]\naws_access_key_id = A\ns3 =\n  region = no\n[profile work]\nRegion=eu-1\n[ other ]\nregion = b\n";
        assert_eq!(entry(text, "default", "aws_access_key_id"), Some("A"));
        assert_eq!(entry(text, "default", "region"), None);
        assert_eq!(entry(text, "work", "region"), Some("eu-1"));
        assert_eq!(entry(text, "other", "region"), Some("b"));
        assert_eq!(entry(text, "none", "region"), None);
    }
}
