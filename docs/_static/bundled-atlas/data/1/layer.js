atlas.put('"data/1/layer"','{"units":96,"dead":[],"bare":[],"labels":null}');
