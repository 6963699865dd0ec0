"""Truth: scores of whether a picture may be believed."""
