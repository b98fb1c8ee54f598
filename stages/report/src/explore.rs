//! Exploring on the page: a reader chooses a training, an epoch and an image, or an epoch of Figure 3. Everything that is
//! shown is made here; the page's scripts only choose and draw.

mod epochs;
mod pictures;
mod plots;
mod section;
mod views;

use stage::Error;

use crate::data::Data;

/// What of the page is there to explore.
pub struct Explore {
    /// The section in which one image in one network is shown.
    pub section: String,
    /// The slider below Figure 3, with the numbers of the epoch that it stands at.
    pub epochs: String,
}

/// Writes what there is to explore; nothing where the tables hold nothing of it.
///
/// # Errors
/// Where a picture can't be encoded.
pub fn write(data: &Data) -> Result<Explore, Error> {
    let views = views::read(data)?;
    Ok(Explore { section: section::write(data, &views)?, epochs: epochs::write(data)? })
}

/// What a script reads, as a block of JSON.
fn json(id: &str, value: &impl serde::Serialize) -> Result<String, Error> {
    let json = serde_json::to_string(value)
        .map_err(|error| Error::Failed(format!("what the page explores can't be written: {error}")))?;
    let json = crate::escape::json_in_script(&json);
    Ok(format!("<script type=\"application/json\" id=\"{id}\">{json}</script>\n"))
}
