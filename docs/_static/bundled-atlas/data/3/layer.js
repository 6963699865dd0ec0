atlas.put('"data/3/layer"','{"units":192,"dead":[],"bare":[],"labels":null}');
