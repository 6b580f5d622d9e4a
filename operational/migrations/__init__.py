"""Schema changes, date first. `kingpost migrate` runs them; each goes up and down."""
