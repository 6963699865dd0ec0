atlas.put('"data/0/layer"','{"units":64,"dead":[],"bare":[],"labels":null}');
