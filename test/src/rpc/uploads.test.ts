import { createHash, randomBytes } from 'node:crypto';
import type { ClientWritableStream, ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ACTOR_STATES_BUCKET, actorStatesPrefix, MAX_ARGS_BYTES, nodeId } from '@trainer/model';
import type { ActorId, StoredArgs } from '@trainer/model';
import { deferred, newActorId, openClient, systemClock, until } from '@trainer/runtime';
import { openObjectStore, type ObjectStore } from '@trainer/storage';
import { BundleServiceClient, encodeArgsRef, statusToError } from '@trainer/wire';
import type { pb } from '@trainer/wire';
import { caught } from '../harness/index.js';
import { startRealServers } from '../real-servers.js';
import type { RealServers } from '../real-servers.js';
import { actorIn } from './head-clients.js';
import { storeConfigOf } from './open-head.js';
import { HeadScene } from './head-scene.js';

const SOON_MS = 60_000;
let servers: RealServers;
let objects: ObjectStore;
let scene: HeadScene;
let bundles: BundleServiceClient;

beforeAll(async () => {
  servers = await startRealServers();
  objects = await openObjectStore(storeConfigOf(servers));
  scene = await HeadScene.open({ servers, node: nodeId('node-0000000000aa'), incarnation: 1 });
  await scene.agent.connect();
  bundles = openClient(BundleServiceClient, scene.head.address, servers.secret);
});

afterAll(async () => {
  bundles?.close();
  await scene?.close();
  await servers?.stop();
});

const body = randomBytes(300_000);
const argsOf = (bytes: Buffer): StoredArgs => ({ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
const keysOf = async (actor: ActorId): Promise<readonly string[]> =>
  (await objects.list(ACTOR_STATES_BUCKET, { prefix: actorStatesPrefix(actor), after: '', limit: 10 })).map(({ key }) => key);

/** An upload whose chunks the test sends. */
function begun(): { stream: ClientWritableStream<pb.ArgsChunk>; answer: Promise<void> } {
  const answers = deferred<void>();
  const stream = bundles.uploadArgs((error: ServiceError | null) => (error ? answers.reject(statusToError(error)) : answers.resolve()));
  stream.on('error', () => undefined);
  return { stream, answer: answers.promise };
}

async function uploaded(actor: ActorId, args: StoredArgs, ...chunks: Buffer[]): Promise<void> {
  const { stream, answer } = begun();
  stream.write({ of: encodeArgsRef({ actor, args }), data: Buffer.alloc(0) });
  for (const data of chunks) stream.write({ of: undefined, data });
  stream.end();
  return answer;
}

test.each([
  ['too few bytes', 'upload.incomplete', argsOf(body), [body.subarray(1)]],
  ['too many bytes', 'value.too-large', argsOf(body), [body, Buffer.from('x')]],
  ['other bytes', 'upload.hash', argsOf(body), [Buffer.alloc(body.length)]],
  ['more than an actor may have', 'request.invalid', { ...argsOf(body), bytes: MAX_ARGS_BYTES + 1 }, [body]],
  ['none', 'request.invalid', { ...argsOf(body), bytes: 0 }, []],
  ['a hash that is none', 'wire.format', { ...argsOf(body), sha256: '../../etc/passwd' }, [body]],
])('an upload of %s is refused and leaves nothing', async (_, code, args, chunks) => {
  const actor = newActorId(randomBytes);
  expect(await caught(uploaded(actor, args, ...chunks))).toMatchObject({ code });
  expect(await keysOf(actor)).toEqual([]);
});

test('an upload without a chunk, and one that does not say whose it is, are refused', async () => {
  const empty = begun();
  empty.stream.end();
  expect(await caught(empty.answer)).toMatchObject({ code: 'upload.incomplete' });
  const nameless = begun();
  nameless.stream.end({ of: undefined, data: body });
  expect(await caught(nameless.answer)).toMatchObject({ code: 'wire.format' });
});

test('a client that leaves in the middle, or stands still, leaves nothing', async () => {
  const [gone, still] = [newActorId(randomBytes), newActorId(randomBytes)];
  const args = argsOf(body);
  const leaving = begun();
  leaving.stream.write({ of: encodeArgsRef({ actor: gone, args }), data: body.subarray(0, 1_000) });
  leaving.stream.cancel();
  const standing = begun();
  standing.stream.write({ of: encodeArgsRef({ actor: still, args }), data: body.subarray(0, 1_000) });
  expect(await caught(leaving.answer)).toMatchObject({ code: 'call.cancelled' });
  expect(await caught(standing.answer)).toMatchObject({ code: 'upload.stalled' });
  expect([await keysOf(gone), await keysOf(still)]).toEqual([[], []]);
});

test('arguments that are uploaded start their actor, and go with its end', async () => {
  const args = { kind: 'stored', ...argsOf(body) } as const;
  const spec = actorIn(null, 100, { args });
  await uploaded(spec.id, args, body);
  const created = scene.calls.create(spec);
  const placed = await scene.agent.placement(scene.agent.placed.length + 1);
  expect(placed.action).toMatchObject({ spec: { args } });
  const parts: Buffer[] = [];
  for await (const chunk of bundles.fetchArgs(encodeArgsRef({ actor: spec.id, args }))) parts.push((chunk as pb.ArgsChunk).data);
  expect(Buffer.concat(parts).equals(body)).toBe(true);
  await scene.agent.fact(placed.lease, { kind: 'ready', address: '127.0.0.1:7' });
  await created;
  const killed = scene.calls.kill(spec.id);
  await scene.agent.fact(placed.lease, { kind: 'ended', cause: { kind: 'killed', by: 'a test' } });
  await killed;
  await until('nothing of them is left', async () => (await keysOf(spec.id)).length === 0, { clock: systemClock(), deadlineMs: SOON_MS });
});

test('a create of arguments that nobody uploaded is refused by a sentence', async () => {
  const spec = actorIn(null, 100, { args: { kind: 'stored', ...argsOf(body) } });
  expect(await caught(scene.calls.create(spec))).toMatchObject({ code: 'args.unknown', message: expect.stringContaining('upload them') });
});

test('arguments of an actor that is refused, killed before its create, or never created are removed', async () => {
  const args = { kind: 'stored', ...argsOf(body) } as const;
  const session = await scene.clients.session();
  const [refused, killed, forgotten] = [actorIn(session.id, 100, { args, name: 'x' }), newActorId(randomBytes), newActorId(randomBytes)];
  const holder = actorIn(session.id, 100, { name: 'x' });
  void scene.calls.create(holder).catch(() => undefined);
  await scene.agent.placement(scene.agent.placed.length + 1);
  for (const id of [refused.id, killed, forgotten]) await uploaded(id, args, body);
  expect(await caught(scene.calls.create(refused))).toMatchObject({ code: 'actor.name-taken' });
  await caught(scene.calls.kill(killed));
  for (const id of [refused.id, killed, forgotten]) {
    await until(`nothing of ${id} is left`, async () => (await keysOf(id)).length === 0, { clock: systemClock(), deadlineMs: SOON_MS });
  }
  session.close();
});
