"""Emotion-aware embeddings in scikit-learn.

emoclust encode MODEL FOLDER --output=embeddings.npz
python examples/embeddings_with_sklearn.py embeddings.npz labels.csv

labels.csv has the columns path, as it stands in the npz, and label.
"""

import sys

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

with np.load(sys.argv[1]) as arrays:
    vectors = pd.DataFrame(arrays["embedding"], index=arrays["path"])
labels = pd.read_csv(sys.argv[2], index_col="path")["label"]
vectors = vectors.loc[labels.index]
classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
scores = cross_val_score(
    classifier, vectors, labels, scoring="balanced_accuracy"
)
print(f"UAR {scores.mean():.3f} on {len(labels)} files, five folds")
