import { expect, test } from '@jest/globals';
import { createParser, type ServerSentEvent } from './server-sent-events.js';

test('an event that comes in two pieces is told once, and a comment never', () => {
  const heard: ServerSentEvent[] = [];
  const parse = createParser((event) => void heard.push(event));
  for (const piece of [':\n\nid: 1\nevent: sta', 'tus\ndata: {"a":1}\n', '\nevent: metrics\ndata: 2\n\n'])
    parse(new TextEncoder().encode(piece));
  expect(heard).toEqual([
    { event: 'status', data: '{"a":1}' },
    { event: 'metrics', data: '2' },
  ]);
});
