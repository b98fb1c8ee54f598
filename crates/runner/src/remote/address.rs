//! Where a shared cache is: its URL, checked, and the object store behind it, with credentials from the environment or the
//! usual files.

use super::profile;
use super::sign::Signer;
use super::trouble::Trouble;
use crate::errors::Error;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientConfigKey, ObjectStore, RetryConfig};
use std::env;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use url::{Host, Url};

/// The variable of the environment with the secret that entries are signed with.
pub const SECRET: &str = "PRIORSCOPE_REMOTE_SECRET";

/// The variables that carry credentials of a store.
const CREDENTIALS: [&str; 10] = [
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_ACCESS_KEY",
    "AZURE_STORAGE_MASTER_KEY",
    "AZURE_STORAGE_SAS_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_TOKEN",
    "AZURE_STORAGE_CLIENT_SECRET",
    "AZURE_CLIENT_SECRET",
];
/// Whether this process uses a store with credentials from the environment.
static IN_USE: AtomicBool = AtomicBool::new(false);

/// Takes from a command what only the runner needs: no job needs it, one that shows its environment would put it into a log, and
/// Slurm keeps the environment of `sbatch`. Credentials are the user's affair where the runner uses no store with them.
pub fn withhold(command: &mut Command) {
    command.env_remove(SECRET);
    if IN_USE.load(Ordering::Relaxed) {
        for name in CREDENTIALS {
            command.env_remove(name);
        }
    }
}

const FORMS: &str = "write s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or file:///FOLDER";

/// A shared cache, and what this runner may do there.
#[derive(Clone)]
pub struct Address {
    /// As the user wrote it; no secret is in it.
    pub shown: String,
    /// The store, from the prefix on.
    pub store: Arc<dyn ObjectStore>,
    /// The folder of a store that is one. It must be there: an empty place to which nothing is mounted is none.
    pub folder: Option<PathBuf>,
    /// Nothing is written there.
    pub read_only: bool,
    /// What entries are signed with.
    pub signer: Option<Signer>,
}

impl Address {
    /// The one that the command line or the environment names.
    pub fn find(url: Option<&str>, read_only: bool) -> Result<Option<Address>, Error> {
        let named = url.map(OsString::from).or_else(|| variable("PRIORSCOPE_REMOTE"));
        let Some(named) = named else { return Ok(None) };
        let url = named.to_str().ok_or_else(|| usage("the URL of the shared cache is no UTF-8 text"))?;
        let mode = variable("PRIORSCOPE_REMOTE_MODE");
        let read_only = match mode.as_deref().map(|mode| mode.to_str().unwrap_or_default()) {
            None | Some("read-write") => read_only,
            Some("read-only") => true,
            Some(_) => return Err(usage("PRIORSCOPE_REMOTE_MODE is neither read-only nor read-write")),
        };
        let secret = variable(SECRET).map(OsString::into_vec);
        let signer = secret.map(|secret| Signer::new(&secret)).transpose().map_err(Error::Usage)?;
        Address::open(url, read_only, signer).map(Some)
    }

    /// Opens the store of a URL, without asking it anything.
    pub fn open(text: &str, read_only: bool, signer: Option<Signer>) -> Result<Address, Error> {
        let url = check(text)?;
        IN_USE.fetch_or(url.scheme() != "file", Ordering::Relaxed);
        let (store, folder) = match url.scheme() {
            "file" => local(&url)?,
            "s3" | "s3a" => (s3(&url)?, None),
            "gs" => (gcs(&url)?, None),
            _ => (azure(&url)?, None),
        };
        Ok(Address { shown: text.to_owned(), store, folder, read_only, signer })
    }

    /// Whether the folder of the store is there, if it is one.
    pub fn check(&self) -> Result<(), Trouble> {
        match &self.folder {
            Some(folder) if !folder.is_dir() => Err(Trouble::Unusable("there is no such folder".to_owned())),
            _ => Ok(()),
        }
    }
}

/// A variable of the environment that is set to something.
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

fn usage(text: &str) -> Error {
    Error::Usage(text.to_owned())
}

/// A URL of a known form that carries no secrets. One that may carry some is not repeated in what is said of it.
fn check(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).map_err(|_| Error::Usage(format!("the shared cache has no URL: {FORMS}")))?;
    // A URL's parser takes them away, and the cache would be elsewhere than told; of folders that is what paths are for.
    let has_dots = text.split('/').any(|part| part == "." || part == "..");
    if url.scheme() != "file" && (has_dots || text.contains('%')) {
        return Err(Error::Usage(format!("the URL of the shared cache has dots or % in its path: {FORMS}")));
    }
    let azure = matches!(url.scheme(), "abfs" | "abfss");
    if !(url.username().is_empty() || azure) || url.password().is_some() || url.query().is_some() {
        return Err(usage(
            "the URL of the shared cache carries a user, a password or a query; credentials belong into the \
             environment, where nobody reads them in a history or a log",
        ));
    }
    if !azure && !matches!(url.scheme(), "file" | "s3" | "s3a" | "gs" | "az") {
        return Err(Error::Usage(format!("the shared cache cannot be at {}: {FORMS}", url.scheme())));
    }
    let has_host = url.host_str().is_some_and(|host| !host.is_empty());
    if url.fragment().is_some() || has_host == (url.scheme() == "file") {
        return Err(Error::Usage(format!("the shared cache cannot be at {text}: {FORMS}")));
    }
    Ok(url)
}

/// How long a store may take. That of a whole request is another for each: see [`super::trouble::in_time`].
fn limits() -> [(ClientConfigKey, &'static str); 3] {
    [
        (ClientConfigKey::ConnectTimeout, "3 seconds"),
        (ClientConfigKey::ReadTimeout, "10 seconds"),
        (ClientConfigKey::Timeout, "1 day"),
    ]
}

fn retries() -> RetryConfig {
    let backoff = BackoffConfig {
        init_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_secs(1),
        ..BackoffConfig::default()
    };
    RetryConfig { backoff, max_retries: 2, retry_timeout: Duration::from_secs(10) }
}

/// What a store that cannot be set up is told of with. Its own words may hold what stands in the environment.
fn incomplete<T>(variables: &str) -> impl FnOnce(T) -> Error {
    let text = format!(
        "the shared cache cannot be set up: what the environment says of it is incomplete or wrong ({variables})"
    );
    move |_| Error::Usage(text)
}

/// The store from the URL's path on.
fn within(store: impl ObjectStore, url: &Url) -> Result<Arc<dyn ObjectStore>, Error> {
    let prefix = Path::from_url_path(url.path());
    let prefix = prefix.map_err(|_| usage("the prefix of the shared cache has empty parts or dots in it"))?;
    Ok(Arc::new(PrefixStore::new(store, prefix)))
}

fn local(url: &Url) -> Result<(Arc<dyn ObjectStore>, Option<PathBuf>), Error> {
    let wrong = || Error::Usage(format!("{url} is no folder of this machine: {FORMS}"));
    let folder = url.to_file_path().map_err(|()| wrong())?;
    let prefix = Path::from_absolute_path(&folder).map_err(|_| wrong())?;
    Ok((Arc::new(PrefixStore::new(LocalFileSystem::new(), prefix)), Some(folder)))
}

fn s3(url: &Url) -> Result<Arc<dyn ObjectStore>, Error> {
    encrypt();
    let mut builder = profile::complete(AmazonS3Builder::from_env());
    for (key, value) in limits() {
        builder = builder.with_config(AmazonS3ConfigKey::Client(key), value);
    }
    let value = |key: AmazonS3ConfigKey| builder.get_config_value(&key);
    let endpoint = value(AmazonS3ConfigKey::S3Endpoint).or_else(|| value(AmazonS3ConfigKey::Endpoint));
    if let Some(endpoint) = &endpoint {
        let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        if !Url::parse(endpoint).is_ok_and(|url| is_web(&url)) {
            return Err(usage(
                "AWS_ENDPOINT_URL is no URL of a server: write https://HOST or http://127.0.0.1:PORT",
            ));
        }
    }
    if let Some(endpoint) = endpoint.filter(|endpoint| endpoint.starts_with("http:")) {
        let allowed = value(AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp));
        if is_loopback(&endpoint) {
            builder = builder.with_allow_http(true);
        } else if allowed.is_none_or(|allowed| allowed != "true") {
            return Err(usage(
                "AWS_ENDPOINT_URL begins with http, and anybody on the way could read what passes: write https, or \
                 set AWS_ALLOW_HTTP=true if the network is yours",
            ));
        }
    }
    let store = builder.with_url(url.as_str()).with_retry(retries()).build();
    within(store.map_err(incomplete("AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, …"))?, url)
}

fn gcs(url: &Url) -> Result<Arc<dyn ObjectStore>, Error> {
    encrypt();
    let mut builder = GoogleCloudStorageBuilder::from_env();
    for (key, value) in limits() {
        builder = builder.with_config(GoogleConfigKey::Client(key), value);
    }
    // Its default is that anything may be spoken to in the open.
    let endpoint = builder.get_config_value(&GoogleConfigKey::BaseUrl);
    let open = endpoint.is_some_and(|endpoint| is_loopback(&endpoint));
    builder = builder.with_config(GoogleConfigKey::Client(ClientConfigKey::AllowHttp), open.to_string());
    let store = builder.with_url(url.as_str()).with_retry(retries()).build();
    within(store.map_err(incomplete("GOOGLE_APPLICATION_CREDENTIALS, …, or the file of gcloud"))?, url)
}

fn azure(url: &Url) -> Result<Arc<dyn ObjectStore>, Error> {
    encrypt();
    let mut builder = MicrosoftAzureBuilder::from_env();
    for (key, value) in limits() {
        builder = builder.with_config(AzureConfigKey::Client(key), value);
    }
    let store = builder.with_url(url.as_str()).with_retry(retries()).build();
    within(store.map_err(incomplete("AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ACCOUNT_KEY, …"))?, url)
}

/// Chooses who encrypts connections. It may have been chosen before.
fn encrypt() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn is_loopback(url: &str) -> bool {
    let url = Url::parse(url);
    match url.as_ref().ok().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        check(url).unwrap_err().to_string()
    }

    #[test]
    fn urls_of_all_stores_are_taken_and_others_refused_with_the_forms() {
        for url in [
            "s3://b/p",
            "s3://b",
            "gs://b/p",
            "az://c/p",
            "abfss://c@a.dfs.core.windows.net/p",
            "file:///f",
            "file:///a/../b%20c",
        ] {
            check(url).unwrap_or_else(|wrong| panic!("{url}: {wrong}"));
        }
        for url in [
            "s3://b/../p",
            "s3://b/%2f",
            "",
            "share",
            "/mnt/share",
            "http://b/p",
            "s3:///p",
            "file://share/x",
            "memory:///",
            "s3://b/p#x",
        ] {
            assert!(refused(url).ends_with(FORMS), "{url}: {}", refused(url));
        }
    }

    #[test]
    fn a_url_with_secrets_is_refused_and_not_repeated() {
        for url in ["s3://me:hidden@b/p", "s3://hidden@b/p", "az://c/p?sig=hidden", "https://u:hidden@h/p"] {
            let told = refused(url);
            assert!(told.contains("belong into the environment") && !told.contains("hidden"), "{told}");
        }
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for url in ["http://127.0.0.1:9000", "http://localhost", "http://[::1]:1"] {
            assert!(is_loopback(url), "{url}");
        }
        for url in
            ["http://127.0.0.1.example:9000", "http://10.0.0.1", "http://localhost.example", "localhost"]
        {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
