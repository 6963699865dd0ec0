atlas.put('"data/5/layer"','{"units":240,"dead":[],"bare":[],"labels":null}');
