//! What a chart shows, as the caller gives it to [`curves`](crate::curves()): curves, and panels that group them.

/// One line of a panel.
#[derive(Clone, Copy, Debug, Default)]
pub struct Curve<'a> {
    /// Name in the legend, such as `train`; empty for no entry.
    pub label: &'a str,
    /// `(epoch, value)`, in the order in which they are joined. A point that is not finite, or beyond ±1e300, is
    /// skipped and leaves a gap.
    pub points: &'a [(f64, f64)],
    /// The epoch whose point has a ring around it, such as the best one. Default: none.
    pub mark: Option<f64>,
}

/// One chart of the picture: an axis of epochs, an axis of values, and curves that share them.
#[derive(Clone, Debug)]
pub struct Panel<'a> {
    /// Title above the plot, such as `−ELBO`.
    pub title: &'a str,
    /// Unit of the values, such as `nats per image`; empty for none.
    pub y_label: &'a str,
    /// The curves. Up to six have different colours; further curves use these again.
    pub curves: Vec<Curve<'a>>,
}
