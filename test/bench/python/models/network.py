"""A multi-layer perceptron as a user of JAX writes it: one compiled program for a pass over the rows, Adam as Kingma and Ba give it (2015)."""
import jax
import jax.numpy as jnp
import numpy as np


class Network:
    version = jax.__version__

    def __init__(self, parameters, epochs, classes, seed):
        self.hidden, self.batch, self.rate = parameters["hidden_layer_sizes"], parameters["batch_size"], parameters["learning_rate_init"]
        self.epochs, self.classes, self.seed = epochs, classes, seed

    def fit(self, features, target):
        rows, columns = features.shape
        random = np.random.default_rng(self.seed)
        sizes = [columns, *self.hidden, self.classes if self.classes > 2 else 1]
        layers = []
        for inputs, units in zip(sizes, sizes[1:]):
            bound = np.sqrt(6 / (inputs + units))
            layers.append((jnp.asarray(random.uniform(-bound, bound, (inputs, units)), jnp.float32), jnp.zeros(units, jnp.float32)))
        means, squares = jax.tree.map(jnp.zeros_like, layers), jax.tree.map(jnp.zeros_like, layers)
        state = (layers, means, squares, jnp.float32(0))
        data, wanted = jnp.asarray(features, jnp.float32), jnp.asarray(target, jnp.float32)
        a_pass = jax.jit(self.a_pass, donate_argnums=0)
        for _ in range(self.epochs):
            order = random.permutation(rows)[: rows // self.batch * self.batch].reshape(-1, self.batch)
            state = a_pass(state, data, wanted, jnp.asarray(order))
        self.layers = jax.block_until_ready(state)[0]
        return self

    def a_pass(self, state, data, wanted, order):
        def step(state, rows):
            layers, means, squares, count = state
            slopes = jax.grad(self.loss)(layers, data[rows], wanted[rows])
            count = count + 1
            means = jax.tree.map(lambda mean, slope: 0.9 * mean + 0.1 * slope, means, slopes)
            squares = jax.tree.map(lambda square, slope: 0.999 * square + 0.001 * slope * slope, squares, slopes)
            rate = self.rate * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
            layers = jax.tree.map(lambda values, mean, square: values - rate * mean / (jnp.sqrt(square) + 1e-8), layers, means, squares)
            return (layers, means, squares, count), None

        return jax.lax.scan(step, state, order)[0]

    def scores(self, layers, data):
        for weights, biases in layers[:-1]:
            data = jax.nn.relu(data @ weights + biases)
        weights, biases = layers[-1]
        return data @ weights + biases

    def loss(self, layers, data, wanted):
        scores = self.scores(layers, data)
        penalty = 5e-5 * sum((weights * weights).sum() for weights, _ in layers) / len(data)
        if self.classes == 0:
            return ((scores[:, 0] - wanted) ** 2).mean() / 2 + penalty
        if self.classes == 2:
            return (jnp.logaddexp(0, scores[:, 0]) - wanted * scores[:, 0]).mean() + penalty
        return -jnp.take_along_axis(jax.nn.log_softmax(scores), wanted.astype(int)[:, None], 1).mean() + penalty

    def score(self, features, target):
        scores = np.asarray(self.scores(self.layers, features))
        if self.classes == 0:
            return 1 - ((scores[:, 0] - target) ** 2).mean() / target.var()
        said = scores[:, 0] > 0 if self.classes == 2 else scores.argmax(axis=1)
        return (said == target).mean()
