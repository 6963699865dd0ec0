"""Clusters: batches of an atlas made by workers on many machines, through Ray."""
