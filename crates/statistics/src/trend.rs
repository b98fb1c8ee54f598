//! Whether numbers rise from condition to condition: Page's test for ordered alternatives in blocks.

use crate::rank::spearman;

/// What Page's test finds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// `L = Σⱼ j Rⱼ`, with Rⱼ the sum over blocks of the ranks of condition j (Page, 1963).
    pub statistic: f64,
    /// The probability of an L at least as large where all orders are equally likely in each block.
    pub p_value: f64,
    /// The mean over blocks of Spearman's correlation between the number and the condition's place: −1 where it falls in
    /// every block, 1 where it rises in every one.
    pub effect: f64,
}

/// Whether numbers fall from condition to condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Fall {
    /// Of each block, Spearman's correlation of the numbers with the condition's place: −1 where they fall all the way; 0 where
    /// all are equal, which have no order.
    pub correlations: Vec<f64>,
    /// Page's L of the numbers with their signs turned.
    pub statistic: f64,
    /// The probability of an L at least as large by chance.
    pub p_value: f64,
}

/// Page's test that numbers fall in the order of the conditions, with each block's own correlation. None where [`page`] is none.
pub fn fall(blocks: &[Vec<f64>]) -> Option<Fall> {
    let turned: Vec<Vec<f64>> =
        blocks.iter().map(|block| block.iter().map(|number| -number).collect()).collect();
    let Trend { statistic, p_value, .. } = page(&turned)?;
    let correlation = |block: &Vec<f64>| {
        let places: Vec<f64> = (0..block.len()).map(|place| place as f64).collect();
        spearman(block, &places).unwrap_or(0.0)
    };
    Some(Fall { correlations: blocks.iter().map(correlation).collect(), statistic, p_value })
}

/// Most conditions for which all orders are counted.
pub const MOST_CONDITIONS: usize = 8;

/// Page's test that numbers rise in the order of the conditions, exactly: over all orders of each block's ranks. `blocks` has
/// a row for each block (a seed) with a number for each condition (a network). Equal numbers share their mean rank, and the
/// orders of these ranks are what is counted.
///
/// None without blocks, with rows of different lengths, with fewer than two or more than eight conditions, or where a number
/// is NaN.
pub fn page(blocks: &[Vec<f64>]) -> Option<Trend> {
    let conditions = blocks.first()?.len();
    let fits = |block: &Vec<f64>| block.len() == conditions && block.iter().all(|value| !value.is_nan());
    if !(2..=MOST_CONDITIONS).contains(&conditions) || !blocks.iter().all(fits) {
        return None;
    }
    // In half ranks everything is a whole number.
    let halves = |block: &Vec<f64>| -> Vec<u32> {
        crate::rank::ranks(block).iter().map(|rank| (2.0 * rank) as u32).collect()
    };
    let weigh = |ranks: &[u32]| -> u32 { ranks.iter().zip(1..).map(|(rank, place)| rank * place).sum() };
    let blocks: Vec<Vec<u32>> = blocks.iter().map(halves).collect();
    let found: u32 = blocks.iter().map(|ranks| weigh(ranks)).sum();

    // The distribution of the sum of independent blocks: by statistic, its probability.
    let mut probabilities = vec![1.0];
    for ranks in &blocks {
        let orders = permutations(ranks);
        let share = 1.0 / orders.len() as f64;
        let largest = orders.iter().map(|order| weigh(order)).max().unwrap_or(0) as usize;
        let mut next = vec![0.0; probabilities.len() + largest];
        for order in &orders {
            let weight = weigh(order) as usize;
            probabilities.iter().zip(&mut next[weight..]).for_each(|(p, sum)| *sum += p * share);
        }
        probabilities = next;
    }
    let p_value = probabilities.iter().skip(found as usize).sum::<f64>().min(1.0);
    let (k, b) = (conditions as f64, blocks.len() as f64);
    let statistic = f64::from(found) / 2.0;
    let effect = 12.0 * statistic / (b * k * (k * k - 1.0)) - 3.0 * (k + 1.0) / (k - 1.0);
    Some(Trend { statistic, p_value, effect })
}

/// All orders of some numbers, equal ones told apart.
fn permutations(numbers: &[u32]) -> Vec<Vec<u32>> {
    let Some((first, rest)) = numbers.split_first() else { return vec![Vec::new()] };
    let insert = |order: Vec<u32>| {
        (0..=order.len()).map(move |place| {
            let mut order = order.clone();
            order.insert(place, *first);
            order
        })
    };
    permutations(rest).into_iter().flat_map(insert).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_conditions_in_one_block_have_six_orders() {
        let p = |block: [f64; 3]| page(&[block.to_vec()]).unwrap();
        assert!((p([1.0, 2.0, 3.0]).p_value - 1.0 / 6.0).abs() < 1e-15);
        assert!((p([3.0, 2.0, 1.0]).p_value - 1.0).abs() < 1e-15);
        assert_eq!((p([1.0, 2.0, 3.0]).effect, p([3.0, 2.0, 1.0]).effect), (1.0, -1.0));
    }

    #[test]
    fn a_fall_is_a_rise_of_the_numbers_with_their_signs_turned() {
        let blocks = [vec![3.0, 2.0, 1.0], vec![3.0, 1.0, 2.0], vec![5.0; 3]];
        let fall = fall(&blocks).unwrap();
        assert_eq!(fall.correlations, [-1.0, -0.5, 0.0]);
        let turned =
            page(&blocks.map(|block| block.iter().map(|number| -number).collect::<Vec<f64>>())).unwrap();
        assert_eq!((fall.statistic, fall.p_value), (turned.statistic, turned.p_value));
        let rise = page(&[vec![3.0, 2.0, 1.0], vec![3.0, 1.0, 2.0], vec![5.0; 3]]).unwrap();
        assert!(fall.p_value < rise.p_value);
    }

    #[test]
    fn numbers_that_are_all_equal_show_no_trend() {
        let trend = page(&[vec![2.0; 3], vec![5.0; 3]]).unwrap();
        assert_eq!(trend.effect, 0.0);
        assert!((trend.p_value - 1.0).abs() < 1e-12, "{}", trend.p_value);
    }

    #[test]
    fn what_is_no_table_of_blocks_has_no_trend() {
        assert_eq!(page(&[]), None);
        assert_eq!(page(&[vec![1.0]]), None);
        assert_eq!(page(&[vec![1.0; 9]]), None);
        assert_eq!(page(&[vec![1.0, 2.0], vec![1.0]]), None);
        assert_eq!(page(&[vec![1.0, f64::NAN]]), None);
    }
}
