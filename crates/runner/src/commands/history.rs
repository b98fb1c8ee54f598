//! stub
use crate::errors::Error;
use crate::files::Project;
use crate::run::Outcome;
use crate::schedule::Limits;
use crate::setting::Setting;
use std::time::SystemTime;
pub fn keep(_: &Setting, _: &[String], _: Limits, _: SystemTime, _: f64, _: &Outcome) -> Result<(), Error> {
    Ok(())
}
pub fn print(_: &Project, _: Option<&str>, _: bool) -> Result<(), Error> {
    Ok(())
}
