"""Films: zooms into a dream and footage that is dreamt, frame by frame."""
