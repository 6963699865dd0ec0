"""The network: how it is found, made ready, listed and tapped."""
