import { TestEnvironment } from 'jest-environment-node';

/**
 * Jest runs tests in a realm of their own, but native code (onnxruntime, koffi) makes its arrays in Node's; `instanceof` then
 * fails. Here the test's typed arrays are Node's.
 */
export default class NativeEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    Object.assign(this.global, { Float32Array, Float64Array, BigInt64Array, BigUint64Array, Int32Array, Uint8Array, ArrayBuffer });
  }
}
