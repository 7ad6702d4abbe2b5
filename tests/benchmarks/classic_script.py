"""What people did with the old package, from the first line to the last.

It runs unchanged with the old package and with ours; called with the folder that has
``database.txt`` and ``features.txt``, images to decode, and a file for the times.
"""

import json
import os
import sys
import tempfile
import time

folder, results, images = sys.argv[1], sys.argv[2], sys.argv[3:]
times = {}
began = [time.process_time(), time.time()]


def done(step):
    now = [time.process_time(), time.time()]
    times[step] = [now[0] - began[0], now[1] - began[1]]
    began[:] = now


from neurosynth import Dataset, decode, meta, network

done("import")
dataset = Dataset(os.path.join(folder, "database.txt"))
done("load")
dataset.add_features(os.path.join(folder, "features.txt"))
done("features")
dataset.save(os.path.join(tempfile.mkdtemp(), "dataset.pkl"))
done("save")
topic = "9_memory_working_wm"
ids = dataset.get_studies(features=topic, frequency_threshold=0.05)
query = "*_pain_* &~ *_social_*"
found = dataset.get_studies(expression=query, frequency_threshold=0.05)
near = dataset.get_studies(peaks=[[0, -52, 26]], r=6)
inside = dataset.get_studies(mask=images[0], activation_threshold=0.1)
done("selection")
analysis = meta.MetaAnalysis(dataset, ids)
done("meta-analysis")
out = tempfile.mkdtemp()
analysis.save_results(out, "memory")
done("save results")
decoder = decode.Decoder(dataset, threshold=0.05)
done("maps of 50 topics")
scores = decoder.decode(images)
done("decode")
network.coactivation(dataset, [[0, -52, 26]], output_dir=out, prefix="pcc")
done("coactivation")
facts = {
    "times": times,
    "studies": [len(ids), len(found), len(near), len(inside)],
    "scores": scores.values.tolist(),
}
with open(results, "w") as stream:
    json.dump(facts, stream)
