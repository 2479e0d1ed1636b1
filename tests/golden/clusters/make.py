"""What CoRelAy 1.0.0 says of relevances that are kept beside it: python make.py, from anywhere.

Gradient x input of mnist_mlp for class 3 of the first 300 digits of examples/data/digits, summed over blocks of 7 x 7 pixels,
each digit's divided by its norm and rounded to float32. Needs corelay 1.0.0, onnx, numpy.

points.npy             digit x cell
eigenvalues.npy        the 12 smallest of all 300, then those of the first 90; 10 neighbours
eigenvectors.npy       digit x 3: of the second to fourth smallest of all 300, not normalised, float32
"""

import gzip
import os
import numpy as np, onnx
from corelay.processor.affinity import SparseKNN
from corelay.processor.distance import SciPyPDist
from corelay.processor.embedding import EigenDecomposition
from corelay.processor.laplacian import SymmetricNormalLaplacian
from onnx import numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "../../../examples/data/")

weights = {w.name: numpy_helper.to_array(w).astype(float) for w in onnx.load(DATA + "mnist_mlp.onnx").graph.initializer}
with gzip.open(DATA + "digits/test-images.idx3-ubyte.gz") as file:
    x = np.frombuffer(file.read()[16:], np.uint8)[: 300 * 784].reshape(300, 784) / 255
a1 = np.maximum(x @ weights["1.weight"].T + weights["1.bias"], 0)
a2 = np.maximum(a1 @ weights["3.weight"].T + weights["3.bias"], 0)
gradient = ((weights["5.weight"][3] * (a2 > 0)) @ weights["3.weight"] * (a1 > 0)) @ weights["1.weight"]
points = (gradient * x).reshape(300, 4, 7, 4, 7).sum((2, 4)).reshape(300, 16)
points = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def spectrum(points):
    graph = SparseKNN(n_neighbors=10)(SciPyPDist()(points.astype(float)))
    embed = EigenDecomposition(n_eigval=12, which="LA", normalize=False)
    values, vectors = embed(SymmetricNormalLaplacian()(graph))
    order = np.argsort(values)
    return values[order], vectors[:, order]


values, vectors = spectrum(points)
print(values)
np.save(os.path.join(HERE, "points.npy"), points)
np.save(os.path.join(HERE, "eigenvalues.npy"), np.stack([values, spectrum(points[:90])[0]]))
np.save(os.path.join(HERE, "eigenvectors.npy"), np.ascontiguousarray(vectors[:, 1:4]).astype(np.float32))
