//! A choice of epochs, as params write it.

/// Some of the epochs of a training, ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epochs(Vec<u32>);

impl Epochs {
    /// Reads `all`, or a list of epochs and `last`, such as `0,1,last`.
    ///
    /// # Errors
    /// What is wrong, where an item is no epoch of `available`.
    pub fn parse(text: &str, available: &[u32]) -> Result<Epochs, String> {
        let Some(last) = available.iter().max() else {
            return Err("there is no epoch to choose from".to_owned());
        };
        if text.trim() == "all" {
            return Ok(Epochs(available.to_vec()));
        }
        let epoch = |item: &str| match item.trim() {
            "last" => Ok(*last),
            item => match item.parse::<u32>() {
                Ok(epoch) if available.contains(&epoch) => Ok(epoch),
                Ok(epoch) => Err(format!("there is no epoch {epoch}; the last is {last}")),
                Err(_) => Err(format!("`{item}` is no epoch; write `all`, or a list such as `0,1,last`")),
            },
        };
        let mut epochs = text.split(',').map(epoch).collect::<Result<Vec<_>, _>>()?;
        epochs.sort_unstable();
        epochs.dedup();
        Ok(Epochs(epochs))
    }

    /// Whether an epoch is chosen.
    pub fn contains(&self, epoch: u32) -> bool {
        self.0.binary_search(&epoch).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_are_all_or_a_list_in_which_the_last_has_a_name() {
        assert_eq!(Epochs::parse("all", &[0, 1, 2]), Ok(Epochs(vec![0, 1, 2])));
        assert_eq!(Epochs::parse("last", &[0, 1, 2]), Ok(Epochs(vec![2])));
        assert_eq!(Epochs::parse("last, 0,2", &[0, 1, 2]), Ok(Epochs(vec![0, 2])));
        assert_eq!(Epochs::parse("3", &[0, 1, 2]).unwrap_err(), "there is no epoch 3; the last is 2");
        assert!(Epochs::parse("first", &[0]).unwrap_err().contains("`first` is no epoch"));
    }
}
