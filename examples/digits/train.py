"""Train a small network on scikit-learn's handwritten digits, and log how each epoch went.

    workbench run --set lr=0.01 -- python train.py
    workbench sweep --set lr=0.1,0.01,0.001 --set width=16,64 --set 'seed=range(2)' -- python train.py

Params: lr, width (of the hidden layer), epochs, seed.
"""

import json

import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import workbench as wb

lr = wb.config.get("lr", 0.01)
width = wb.config.get("width", 32)
seed = wb.config.get("seed", 0)
epochs = wb.config.get("epochs", 20)


def with_shifts(pixels: np.ndarray) -> np.ndarray:
    """The images, and each of them moved by a pixel up, down, left and right."""
    images = pixels.reshape(-1, 8, 8)
    moved = [np.roll(images, step, axis) for step in (-1, 1) for axis in (1, 2)]
    return np.concatenate([images, *moved]).reshape(-1, 64)


pixels, digits = load_digits(return_X_y=True)
train_x, test_x, train_y, test_y = train_test_split(pixels / 16, digits, test_size=0.3, random_state=0)
train_x, train_y = with_shifts(train_x), np.tile(train_y, 5)
model = MLPClassifier((width,), solver="sgd", learning_rate_init=lr, batch_size=16, random_state=seed)

for epoch in range(epochs):
    model.partial_fit(train_x, train_y, classes=range(10))
    loss = log_loss(test_y, model.predict_proba(test_x))
    accuracy = model.score(test_x, test_y)
    wb.log({"loss": loss, "accuracy": accuracy}, step=epoch)
    print(f"epoch {epoch}  loss {loss:.4f}  accuracy {accuracy:.4f}", flush=True)

with open("confusion.json", "w") as file:
    json.dump(confusion_matrix(test_y, model.predict(test_x)).tolist(), file)
wb.artifact("confusion.json")
