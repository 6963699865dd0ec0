atlas.put('"data/4/layer"','{"units":208,"dead":[],"bare":[],"labels":null}');
