atlas.put('"data/6/layer"','{"units":400,"dead":[],"bare":[],"labels":null}');
