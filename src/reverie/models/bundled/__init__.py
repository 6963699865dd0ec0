"""The network that ships with the package: trained on motifs drawn by code, weights included."""
