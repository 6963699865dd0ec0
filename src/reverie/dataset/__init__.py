"""Engine 3: reads a dataset of photos through a network."""
