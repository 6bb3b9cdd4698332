//! The objects that carry a Gateway's data planes, as plain functions over values.
