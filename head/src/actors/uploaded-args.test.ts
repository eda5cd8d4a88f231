import { expect, test } from '@jest/globals';
import type { ActorId } from '@trainer/model';
import { manualClock } from '@trainer/runtime/testing';
import { memoryStore as memoryObjects } from '@trainer/storage/testing';
import type { ArgsOf } from '@trainer/wire';
import { UploadedArgs, type UploadedArgsOptions } from './uploaded-args.js';

const KEPT_MS = 60_000;
const actor = 'actor-0000000000000001' as ActorId;
const OTHER = 'actor-0000000000000002' as ActorId;
const of = { actor, args: { kind: 'stored', sha256: 'a'.repeat(64), bytes: 1 } } as ArgsOf;

async function* body(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1);
}

const clock = manualClock();
const objects = memoryObjects(() => clock.wallMs());
const uploads = (): UploadedArgs => new UploadedArgs({ clock, objects, keptMs: KEPT_MS } as unknown as UploadedArgsOptions);

test('an upload waits for its create by a timer, which the close cancels', async () => {
  const args = uploads();
  await args.keep(of, body());
  expect(clock.pending).toBe(1);
  args.close();
  expect(clock.pending).toBe(0);
});

test('an upload that ends after the close, and a create that comes after it, leave no timer', async () => {
  const args = uploads();
  const kept = args.keep(of, body());
  args.close();
  await kept;
  await expect(args.check({ id: OTHER, args: { kind: 'stored', ...of.args } })).rejects.toMatchObject({ code: 'args.unknown' });
  expect(clock.pending).toBe(0);
});
