atlas.put('"data/7/layer"','{"units":448,"dead":[],"bare":[],"labels":null}');
