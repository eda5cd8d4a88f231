/** The values that `@trainer/client` exports besides `actor`, `connect` and `TrainerError`; all are errors. A test holds this against the door. */
export const STUBBED_ERRORS = [
  'ActorDiedError',
  'ActorNotFoundError',
  'BundleError',
  'CallCancelledError',
  'CallTimeoutError',
  'ClusterUnavailableError',
  'InfeasibleError',
  'InvalidRequestError',
  'NameTakenError',
  'NotTransferableError',
  'PlacementTimeoutError',
  'RemoteError',
  'UnauthenticatedError',
  'ValueTooLargeError',
  'VersionError',
] as const;

/** Where the runtime of an actor's process leaves the classes of the errors that its calls reject with, for `instanceof`. */
export const SHARED_ERRORS = 'trainer.client.errors';

/** What `@trainer/client` is inside an actor's bundle. */
export const STUB_SOURCE = `
const shared = globalThis[Symbol.for('${SHARED_ERRORS}')] ?? {};
export function actor(Class, moduleUrl) {
  return { className: Class.name, moduleUrl };
}
export function connect() {
  throw new Error('connect() was called while an actor loaded its class. Put the class into a module of its own, apart from the program that connects.');
}
export const TrainerError = shared.TrainerError ?? class TrainerError extends Error {
  constructor(code, message, facts = {}, retry = 'never') {
    super(message);
    Object.assign(this, { name: new.target.name, code, facts, retry });
  }
};
${STUBBED_ERRORS.map((name) => `export const ${name} = shared.${name} ?? class ${name} extends TrainerError {};`).join('\n')}
`;
