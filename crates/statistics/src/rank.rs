//! Ranks and rank correlation.

/// Spearman's rank correlation: Pearson's correlation of the ranks, tied values sharing their mean rank. None where
/// there are fewer than two pairs or one side is constant.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    if x.len() != y.len() || x.len() < 2 {
        return None;
    }
    let (x, y) = (ranks(x), ranks(y));
    let middle = (x.len() + 1) as f64 / 2.0;
    let product =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - middle) * (b - middle)).sum::<f64>();
    let spread = product(&x, &x) * product(&y, &y);
    (spread > 0.0).then(|| product(&x, &y) / spread.sqrt())
}

/// The rank of each value, from 1; equal values share their mean rank.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let tied = order[start..].iter().take_while(|i| values[**i] == values[order[start]]).count().max(1);
        let rank = (2 * start + tied + 1) as f64 / 2.0;
        for index in &order[start..start + tied] {
            ranks[*index] = rank;
        }
        start += tied;
    }
    ranks
}
