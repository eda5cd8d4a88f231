/** How parameters follow their slopes; scikit-learn's words and defaults. */
export interface DescentSettings {
  readonly way: 'adam' | 'sgd';
  readonly rate: number;
  /** Of sgd; 0: none. */
  readonly momentum: number;
  readonly isNesterov: boolean;
  /** Of adam. */
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** Adam (Kingma and Ba, 2014) and stochastic descent with momentum (Nesterov's, or plain), as scikit-learn 1.9 has them. */
export class Descent {
  /** What it remembers between steps: the mean slope and the mean square, or the velocity and nothing. */
  readonly first: Float32Array;
  readonly second: Float32Array;
  /** Of adam; part of the state. */
  steps = 0;

  constructor(
    private readonly parameters: Float32Array,
    private readonly settings: DescentSettings,
  ) {
    this.first = new Float32Array(parameters.length);
    this.second = new Float32Array(settings.way === 'adam' ? parameters.length : 0);
  }

  /** @param slopes of the loss, one a parameter @param scale they are multiplied with it */
  step(slopes: Float32Array, scale: number): void {
    this.steps += 1;
    if (this.settings.way === 'adam') this.#adam(slopes, scale);
    else this.#sgd(slopes, scale);
  }

  #adam(slopes: Float32Array, scale: number): void {
    const { parameters, first, second, steps } = this;
    const { rate, beta1, beta2, epsilon } = this.settings;
    const now = (rate * Math.sqrt(1 - beta2 ** steps)) / (1 - beta1 ** steps);
    for (let at = 0; at < parameters.length; at += 1) {
      const slope = (slopes[at] ?? NaN) * scale;
      const mean = beta1 * (first[at] ?? NaN) + (1 - beta1) * slope;
      const square = beta2 * (second[at] ?? NaN) + (1 - beta2) * slope * slope;
      first[at] = mean;
      second[at] = square;
      parameters[at] = (parameters[at] ?? NaN) - (now * mean) / (Math.sqrt(square) + epsilon);
    }
  }

  #sgd(slopes: Float32Array, scale: number): void {
    const { parameters, first } = this;
    const { rate, momentum, isNesterov } = this.settings;
    for (let at = 0; at < parameters.length; at += 1) {
      const fall = -rate * (slopes[at] ?? NaN) * scale;
      const velocity = momentum * (first[at] ?? NaN) + fall;
      first[at] = velocity;
      parameters[at] = (parameters[at] ?? NaN) + (isNesterov ? momentum * velocity + fall : velocity);
    }
  }
}
