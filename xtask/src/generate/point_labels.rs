//! The texts below decoded points.

/// The most numbers of a point in a text, which has little space.
const MOST: usize = 4;
/// The most of them on a line.
const ON_A_LINE: usize = 2;

/// A text for each point: its numbers, if they are few; else those in which the points differ, as in `z5 = 1.5`, if
/// these are few; else its first numbers.
pub(super) fn point_labels(points: &[&Vec<f32>]) -> Vec<String> {
    let latent = points.first().map_or(0, |point| point.len());
    let varying: Vec<usize> = (0..latent).filter(|&i| points.iter().any(|z| z[i] != points[0][i])).collect();
    let label = |point: &&Vec<f32>| {
        if latent > MOST && (1..=MOST).contains(&varying.len()) {
            let number = |&i: &usize| format!("z{} = {}", i + 1, short(point[i]));
            return varying.iter().map(number).collect::<Vec<_>>().join("\n");
        }
        let mut numbers: Vec<String> = point.iter().take(MOST).map(|&x| short(x)).collect();
        if latent > MOST {
            numbers[MOST - 1] = "…".to_owned();
        }
        let lines = numbers.chunks(ON_A_LINE).map(|line| line.join(", "));
        lines.collect::<Vec<_>>().join(",\n")
    };
    points.iter().map(label).collect()
}

/// A number with at most two decimals, with a minus sign instead of a hyphen.
fn short(x: f32) -> String {
    let text = if x != 0.0 && !(0.005..1e4).contains(&x.abs()) {
        format!("{x:.0e}")
    } else {
        let text = format!("{x:.2}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(points: &[Vec<f32>]) -> Vec<String> {
        point_labels(&points.iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_point_of_few_numbers_is_given_whole() {
        assert_eq!(labels(&[vec![0.1, -1.0], vec![2.0, 1e-9]]), ["0.1, −1", "2, 1e−9"]);
        assert_eq!(labels(&[vec![0.0, 1.25, 100.0]]), ["0, 1.25,\n100"]);
    }

    #[test]
    fn points_that_differ_in_few_numbers_are_told_by_these() {
        let mut points = vec![vec![0.5; 16]; 3];
        (points[1][4], points[2][4]) = (-1.5, 2.0);
        assert_eq!(labels(&points), ["z5 = 0.5", "z5 = −1.5", "z5 = 2"]);
    }

    #[test]
    fn other_points_are_told_by_their_first_numbers() {
        let points = vec![vec![1.0; 16], vec![-2.0; 16]];
        assert_eq!(labels(&points), ["1, 1,\n1, …", "−2, −2,\n−2, …"]);
        assert_eq!(labels(&points[..1]), ["1, 1,\n1, …"]);
    }
}
