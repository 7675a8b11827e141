//! The numbers of a chart, as the caller gives them to [`curves`](crate::curves()).

/// One line of a panel.
#[derive(Clone, Copy, Debug)]
pub struct Curve<'a> {
    /// What the legend calls it, such as `train`; empty for no entry in the legend.
    pub label: &'a str,
    /// `(epoch, value)`, in the order in which they are joined. A point that is not finite (or beyond ±1e300)
    /// is skipped and leaves a gap.
    pub points: &'a [(f64, f64)],
}

/// One chart of the picture: an axis of epochs, an axis of values, and curves that share them.
#[derive(Clone, Debug)]
pub struct Panel<'a> {
    /// What is shown, such as `−ELBO`.
    pub title: &'a str,
    /// The unit of the values, such as `nats per image`; empty for none.
    pub y_label: &'a str,
    /// The curves, each in a colour of its own as long as there are at most six.
    pub curves: Vec<Curve<'a>>,
}
