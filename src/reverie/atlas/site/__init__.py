"""The site of an atlas: a whole network as static pages that any browser opens from a disk or any host."""
