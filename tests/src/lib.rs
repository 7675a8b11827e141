//! Only tests live here, in `tests/`.
