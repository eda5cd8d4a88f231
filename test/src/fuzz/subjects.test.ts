import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectMessages, silentLogger, type Messages } from '@trainer/runtime';
import { servePlacement } from '@trainer/agent/internal';
import { leaseId, nodeId, streamId, type PlaceRequest } from '@trainer/model';
import { decodeLogLineBytes, decodePlaceReply, encodeLogLineBytes, encodePlaceRequest, logSubject, placeSubject } from '@trainer/wire';
import { startRealServers, type RealServers } from '../real-servers.js';
import { Seeded } from '../simulation/seeded.js';

const NODE = nodeId('node-0000000000fb');
const LEASE = leaseId('1-1');
const STREAM = streamId('stream-0000000000000001');
let servers: RealServers;
const open: Messages[] = [];

beforeAll(async () => {
  servers = await startRealServers();
});
afterAll(async () => {
  await Promise.all(open.map((messages) => messages.close()));
  await servers.stop();
});

async function connected(name: string): Promise<Messages> {
  const options = { servers: [servers.natsUrl], token: servers.secret, name, logger: silentLogger, random: Math.random };
  const messages = await connectMessages(options);
  open.push(messages);
  return messages;
}

test('of what an authenticated peer sends to the subjects every placement is answered, and nothing ends a reader', async () => {
  const [agent, reader, peer] = await Promise.all([connected('agent'), connected('reader'), connected('peer')]);
  const placed: PlaceRequest[] = [];
  servePlacement(agent, { node: NODE, incarnation: 1 }, (request) => {
    placed.push(request);
    return { kind: 'granted' };
  });
  const lines: string[] = [];
  reader.subscribe('trainer.v1.log.*', (bytes) => void lines.push(decodeLogLineBytes(bytes).line));
  await Promise.all([agent.flush(), reader.flush()]);
  const random = new Seeded(15);
  const grant = { cpuMilli: 1, memoryBytes: 1, gpus: [] };
  const right = encodePlaceRequest({
    stream: STREAM,
    headEpoch: 1,
    lowWater: LEASE,
    lease: LEASE,
    action: { kind: 'reserve', grant },
  });
  const line = encodeLogLineBytes({ lease: LEASE, at: 1, isStderr: false, line: 'a line' });
  const spoilt = (bytes: Uint8Array): Uint8Array => {
    if (random.chance(0.3)) return Buffer.from(random.bytes(random.int(0, 2_000)));
    const copy = Buffer.from(bytes);
    for (let changes = random.int(0, 4); changes > 0; changes -= 1) copy[random.int(0, copy.length - 1)] = random.int(0, 255);
    return copy;
  };
  const kinds = new Map<string, number>();
  for (let i = 0; i < 1_000; i += 1) {
    peer.publish(logSubject(LEASE), spoilt(line));
    const reply = decodePlaceReply(await peer.request(placeSubject(NODE, 1), spoilt(right), 10_000));
    const kind = reply.kind === 'refused' ? reply.reason : reply.kind;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  peer.publish(logSubject(LEASE), line);
  await peer.request(placeSubject(NODE, 1), right, 10_000);
  await Promise.all([peer.flush(), reader.flush()]);
  expect([...kinds.keys()].sort()).toEqual(['granted', 'malformed']);
  expect(placed.at(-1)).toMatchObject({ lease: LEASE, action: { kind: 'reserve', grant } });
  expect(lines.at(-1)).toBe('a line');
}, 120_000);
