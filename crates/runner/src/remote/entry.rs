//! An entry of a shared cache: the record of a key, as one line of JSON, and its tag as another where entries are signed;
//! and where it and the contents that it names lie.

use super::sign::Signer;
use blake3::Hash;
use object_store::path::Path;
use std::collections::BTreeSet;
use store::Record;
use store::key::Field;

/// The folder of all entries, with the number of their form.
const ROOT: &str = "priorscope-1";

/// The longest entry that is read, in bytes.
pub const LONGEST: u64 = 16 << 20;

/// Where the entry of a key lies.
pub fn record_path(key: Hash) -> Path {
    Path::from(format!("{ROOT}/jobs/{key}.json"))
}

/// Where a content lies.
pub fn object_path(digest: Hash) -> Path {
    let hex = digest.to_hex();
    Path::from(format!("{ROOT}/objects/{}/{}", &hex[..2], &hex[2..]))
}

/// The bytes of an entry.
pub fn write(record: &Record, signer: Option<&Signer>) -> Result<Vec<u8>, String> {
    let mut bytes = serde_json::to_vec(record).map_err(|error| error.to_string())?;
    let tag = signer.map(|signer| format!("\n\"{}\"", signer.tag(&bytes))).unwrap_or_default();
    bytes.extend(tag.into_bytes());
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads an entry that is to be about these fields and to have exactly these outputs: the number of a process and its
/// port. What is wrong with it is told.
pub fn read(
    bytes: &[u8],
    fields: &[Field],
    outputs: &BTreeSet<(usize, &str)>,
    signer: Option<&Signer>,
) -> Result<Record, String> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let line = lines.next().unwrap_or_default();
    if let Some(signer) = signer {
        let tag = lines.next().and_then(|tag| tag.strip_prefix(b"\"")?.strip_suffix(b"\""));
        match tag.map(Hash::from_hex) {
            Some(Ok(tag)) if tag == signer.tag(line) => {}
            Some(_) => return Err("its signature is wrong".to_owned()),
            None => return Err("it is not signed".to_owned()),
        }
    }
    let record: Record =
        serde_json::from_slice(line).map_err(|_| "it is cut short or no entry".to_owned())?;
    // The key is a digest of the fields, and of nothing else.
    if record.fields != fields {
        return Err("it is about another job".to_owned());
    }
    let named: BTreeSet<(usize, &str)> =
        record.outputs.iter().map(|kept| (kept.process, kept.port.as_str())).collect();
    let is_digest = |text: &str| Hash::from_hex(text).is_ok_and(|digest| digest.to_hex().as_str() == text);
    let digests = || record.outputs.iter().all(|kept| is_digest(&kept.digest));
    if named != *outputs || named.len() != record.outputs.len() || !digests() {
        return Err("its outputs are not those of the job".to_owned());
    }
    if !(record.seconds.is_finite() && record.seconds >= 0.0) {
        return Err("its time is none".to_owned());
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::Kept;

    fn record() -> Record {
        let digest = blake3::hash(b"content").to_string();
        let kept = Kept { process: 0, port: "out".to_owned(), digest, size: 7 };
        let fields = vec![("param seed".to_owned(), "integer 1\n".to_owned())];
        Record { job: "j".to_owned(), seconds: 0.1 + 0.2, outputs: vec![kept], fields }
    }

    fn read_back(bytes: &[u8], signer: Option<&Signer>) -> Result<Record, String> {
        read(bytes, &record().fields, &BTreeSet::from([(0, "out")]), signer)
    }

    #[test]
    fn what_is_written_is_read_with_a_signature_and_without() {
        let signer = Signer::new(b"sixteen bytes ok").unwrap();
        for signer in [None, Some(&signer)] {
            let bytes = write(&record(), signer).unwrap();
            assert_eq!(read_back(&bytes, signer).unwrap().outputs, record().outputs);
            // Who has no secret reads what others signed.
            assert!(read_back(&bytes, None).is_ok());
        }
    }

    #[test]
    fn what_is_cut_short_foreign_or_of_other_outputs_is_refused() {
        let bytes = write(&record(), None).unwrap();
        for end in 0..bytes.len() - 1 {
            assert!(read_back(&bytes[..end], None).is_err());
        }
        let refused = |change: fn(&mut Record)| {
            let mut changed = record();
            change(&mut changed);
            read_back(&write(&changed, None).unwrap(), None).unwrap_err()
        };
        assert_eq!(refused(|r| r.fields[0].1.push('0')), "it is about another job");
        assert_eq!(refused(|r| r.fields.clear()), "it is about another job");
        for change in [
            (|r| r.outputs.clear()) as fn(&mut Record),
            |r| r.outputs.push(r.outputs[0].clone()),
            |r| r.outputs[0].port = "other".to_owned(),
            |r| r.outputs[0].process = 1,
            |r| r.outputs[0].digest.truncate(10),
            |r| r.outputs[0].digest = "../../../etc/passwd".to_owned(),
        ] {
            assert_eq!(refused(change), "its outputs are not those of the job");
        }
        assert_eq!(refused(|r| r.seconds = -1.0), "its time is none");
    }

    #[test]
    fn with_a_secret_only_its_own_signature_counts() {
        assert!(Signer::new(b"fifteen bytes..").is_err());
        let [mine, theirs] = [&b"sixteen bytes ok"[..], b"sixteen bytes no"].map(|s| Signer::new(s).unwrap());
        let refused = |bytes: &[u8]| read_back(bytes, Some(&mine)).unwrap_err();
        assert_eq!(refused(&write(&record(), None).unwrap()), "it is not signed");
        assert_eq!(refused(&write(&record(), Some(&theirs)).unwrap()), "its signature is wrong");
        let signed = String::from_utf8(write(&record(), Some(&mine)).unwrap()).unwrap();
        assert_eq!(refused(signed.replace("\"size\":7", "\"size\":8").as_bytes()), "its signature is wrong");
        assert_eq!(format!("{mine:?}"), "Signer");
    }
}
