atlas.put('"data/2/layer"','{"units":112,"dead":[],"bare":[],"labels":null}');
