import type { ActorClassRef } from '@trainer/model';
import { bundleModule, type Bundle } from '../bundle/bundle.js';
import { installedModule, type ActorSpec } from '../actor-spec.js';
import { BundleError } from '../errors.js';
import type { HeadRpc } from './head-rpc.js';
import { upload } from './uploads.js';

/** Brings the code of actor classes to the cluster: each module is bundled and uploaded once. */
export class Bundles {
  readonly #rpc: HeadRpc;
  /** By the module's URL: as many as the program has modules of actors. */
  readonly #ready = new Map<string, Promise<Bundle>>();

  constructor(rpc: HeadRpc) {
    this.#rpc = rpc;
  }

  /** @returns where the cluster has the class. @throws BundleError, ClusterUnavailableError */
  async ensure(spec: ActorSpec<object, readonly unknown[]>): Promise<ActorClassRef> {
    const specifier = installedModule(spec);
    if (specifier !== null) return { kind: 'module', specifier, exportName: spec.className };
    const ready = this.#ready.get(spec.moduleUrl) ?? this.#prepare(spec.moduleUrl);
    this.#ready.set(spec.moduleUrl, ready);
    const bundle = await ready;
    if (!bundle.exports.includes(spec.className)) {
      const known = bundle.exports.length > 0 ? `it exports ${bundle.exports.join(', ')}` : 'it exports nothing';
      throw new BundleError(
        'bundle.invalid',
        spec.moduleUrl,
        `${spec.moduleUrl} does not export a class named ${spec.className || '(without a name)'}; ${known}. Write \`export class ${spec.className || 'Name'}\`.`,
      );
    }
    return { kind: 'bundle', hash: bundle.hash, exportName: spec.className };
  }

  /** The cluster does not have it any more: the next `ensure` looks again. */
  forget(spec: ActorSpec<object, readonly unknown[]>): void {
    this.#ready.delete(spec.moduleUrl);
  }

  #prepare(moduleUrl: string): Promise<Bundle> {
    const ready = this.#bundleAndUpload(moduleUrl);
    // What failed is tried anew the next time; who waits for this one gets its error.
    ready.catch(() => this.#ready.delete(moduleUrl));
    return ready;
  }

  async #bundleAndUpload(moduleUrl: string): Promise<Bundle> {
    const bundle = await bundleModule(moduleUrl);
    const rpc = this.#rpc;
    const { has } = await rpc.unary(rpc.bundles.has.bind(rpc.bundles), { hash: bundle.hash }, { isIdempotent: true });
    const { hash, code } = bundle;
    if (!has) await upload(rpc, rpc.bundles.upload.bind(rpc.bundles), code, (data) => ({ hash, data }));
    return bundle;
  }
}
