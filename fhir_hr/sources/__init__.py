"""Where priors come from: each source is a transport plus an adapter."""
