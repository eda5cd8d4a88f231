import { expect, test } from '@jest/globals';
import { SendWindow } from './send-window.js';

/** Sends and tells, after a turn of the loop, whether there was room for another. */
async function hasRoomAfter(window: SendWindow, bytes: number): Promise<boolean> {
  let hasRoom = false;
  void window.send(bytes, () => undefined).then(() => (hasRoom = true));
  await new Promise((resolve) => setImmediate(resolve));
  return hasRoom;
}

test('sending waits while as many as the limit are on their way', async () => {
  const window = new SendWindow({ count: 2, bytes: 100 });
  expect(await hasRoomAfter(window, 1)).toBe(true);
  expect(await hasRoomAfter(window, 1)).toBe(false);
});
test('sending waits while as many bytes are on their way', async () => {
  expect(await hasRoomAfter(new SendWindow({ count: 9, bytes: 100 }), 100)).toBe(false);
});
test('what is stored makes room', async () => {
  const window = new SendWindow({ count: 1, bytes: 100 });
  let number = 0;
  const sent = window.send(5, (given) => (number = given));
  window.stored(number);
  await expect(sent).resolves.toBeUndefined();
});
