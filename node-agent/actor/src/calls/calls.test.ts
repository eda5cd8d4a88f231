import { beforeEach, describe, expect, test } from '@jest/globals';
import { PROTOCOL } from '@trainer/model';
import { manualClock, type ManualClock } from '@trainer/runtime/testing';
import fc from 'fast-check';
import { calls, Link, make, NO_HANDLES } from '../testing/caller-link.js';
import { CallRunner } from './call-runner.js';
import type { Caller } from './caller.js';
import { Callers } from './callers.js';
import { MethodTable } from './method-table.js';

class Target {
  readonly seen: unknown[] = [];
  closed = 0;
  release: (() => void)[] = [];
  note(value: unknown): unknown {
    this.seen.push(value);
    return value;
  }
  async wait(value: unknown): Promise<unknown> {
    this.seen.push(`enters ${String(value)}`);
    await new Promise<void>((resolve) => this.release.push(resolve));
    this.seen.push(`leaves ${String(value)}`);
    return value;
  }
  fails(): never {
    throw new RangeError('on purpose');
  }
  odd(): unknown {
    return { deep: [() => 1] };
  }
  *numbers(count: number): Generator<number> {
    try {
      for (let i = 0; i < count; i += 1) yield i;
    } finally {
      this.closed += 1;
    }
  }
  async *texts(count: number): AsyncGenerator<string> {
    try {
      for (let i = 0; i < count; i += 1) yield 'x'.repeat(100);
    } finally {
      this.closed += 1;
    }
  }
}

let clock: ManualClock;
let target: Target;
let callers: Callers;
let link: Link;
let caller: Caller;
let turns: (() => void)[];

function open(concurrency: number): void {
  clock = manualClock();
  target = new Target();
  turns = [];
  const methods = new MethodTable(target);
  const runner = new CallRunner({ className: 'Target', instance: target, methods, handles: NO_HANDLES, keeper: null }, concurrency, {
    monotonicMs: () => clock.monotonicMs(),
    later: (run) => turns.push(run),
  });
  callers = new Callers('token', { clock, answersKeptMs: 30_000, submit: (call) => runner.submit(call) });
  link = new Link();
  caller = welcome('c', link);
}

function welcome(name: string, on: Link, written = 0): Caller {
  return callers.welcome({ caller: name, token: 'token', protocol: PROTOCOL, written }, on);
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => open(1));

describe('a caller', () => {
  test('gets its values in the order of its calls', () => {
    calls(caller, make(1, 'note', ['a']), make(2, 'note', ['b']));
    expect(link.told()).toEqual([
      [1, 'a'],
      [2, 'b'],
    ]);
  });

  test('is told what was thrown, what cannot be sent, and what is no method', () => {
    calls(caller, make(1, 'fails'), make(2, 'odd'), make(3, 'seen'), make(4, 'numbers', [1]));
    expect(link.told()).toEqual([
      [1, 'threw', 'RangeError'],
      [2, 'value.not-transferable', 'unknown'],
      [3, 'call.no-method', 'not-run'],
      [4, 'call.no-method', 'unknown'],
    ]);
    expect(link.sent[1]?.body).toMatchObject({ error: { facts: { path: 'result.deep[0]' } } });
  });

  test('with another token is refused, and so is one of another protocol', () => {
    expect(() => callers.welcome({ caller: 'x', token: 'other', protocol: PROTOCOL, written: 0 }, new Link())).toThrow(
      expect.objectContaining({ code: 'auth.refused' }),
    );
    expect(() => callers.welcome({ caller: 'x', token: 'token', protocol: { major: 9, minor: 0 }, written: 0 }, new Link())).toThrow(
      expect.objectContaining({ code: 'protocol.version' }),
    );
  });
});

describe('one call at a time', () => {
  test('a call begins when the one before it has ended, whoever made it', async () => {
    const other = welcome('d', new Link());
    calls(caller, make(1, 'wait', [1]));
    calls(other, make(1, 'note', ['other']));
    expect(target.seen).toEqual(['enters 1']);
    target.release[0]?.();
    await settled();
    expect(target.seen).toEqual(['enters 1', 'leaves 1', 'other']);
  });

  test('with a concurrency of two, two run at once and a third waits', async () => {
    open(2);
    calls(caller, make(1, 'wait', [1]), make(2, 'wait', [2]), make(3, 'note', [3]));
    expect(target.seen).toEqual(['enters 1', 'enters 2']);
    target.release[1]?.();
    await settled();
    expect(link.told()).toEqual([
      [2, 2],
      [3, 3],
    ]);
  });

  test('long turns are cut, so that answers go out in between', () => {
    target.note = (value) => {
      clock.advance(6);
      return value;
    };
    calls(caller, make(1, 'note', [1]), make(2, 'note', [2]));
    expect(link.told()).toEqual([[1, 1]]);
    turns[0]?.();
    expect(link.told()).toHaveLength(2);
  });
});

describe('a call that is given up', () => {
  test('before it began is not run', async () => {
    calls(caller, make(1, 'wait', [1]), make(2, 'note', [2]));
    caller.receive({ calls: [], cancels: [2], credits: [] });
    target.release[0]?.();
    await settled();
    expect(link.told()).toEqual([
      [2, 'call.cancelled', 'not-run'],
      [1, 1],
    ]);
    expect(target.seen).not.toContain(2);
  });

  test('while it runs has an unknown outcome, and the next call waits for its real end', async () => {
    calls(caller, make(1, 'wait', [1]), make(2, 'note', [2]));
    caller.receive({ calls: [], cancels: [1], credits: [] });
    expect(link.told()).toEqual([[1, 'call.cancelled', 'unknown']]);
    target.release[0]?.();
    await settled();
    expect(link.told().at(-1)).toEqual([2, 2]);
  });

  test('by its deadline says whether it had begun', () => {
    calls(caller, make(1, 'wait', [1], { timeoutMs: 100 }), make(2, 'note', [2], { timeoutMs: 50 }));
    clock.advance(100);
    expect(link.told()).toEqual([
      [2, 'call.timeout', 'not-run'],
      [1, 'call.timeout', 'unknown'],
    ]);
  });
});

describe('a stream', () => {
  test('sends its items and its end', async () => {
    calls(caller, make(1, 'numbers', [2], { windowBytes: 1000 }));
    await settled();
    expect(link.told()).toEqual([
      [1, 'item', 0],
      [1, 'item', 1],
      [1, 'done'],
    ]);
  });

  test('goes no further than its reader has room, and on with its credit', async () => {
    calls(caller, make(1, 'texts', [5], { windowBytes: 300 }));
    await settled();
    expect(link.sent).toHaveLength(2);
    caller.receive({ calls: [], cancels: [], credits: [{ number: 1, bytes: 460 }] });
    await settled();
    expect(link.sent).toHaveLength(4);
  });

  test('that its reader leaves runs the generator to its finally, then the next call', async () => {
    calls(caller, make(1, 'texts', [50], { windowBytes: 300 }), make(2, 'note', ['next']));
    await settled();
    caller.receive({ calls: [], cancels: [1], credits: [] });
    await settled();
    expect(target.closed).toBe(1);
    expect(link.told().at(-1)).toEqual([2, 'next']);
  });
});

describe('a link that breaks', () => {
  test('is taken up: seen calls do not run again and get the same answers', () => {
    calls(caller, make(1, 'note', ['a']), make(2, 'note', ['b']));
    caller.detach(link);
    const next = new Link();
    const again = welcome('c', next);
    calls(again, make(1, 'note', ['a']), make(2, 'note', ['b']), make(3, 'note', ['c']));
    expect(target.seen).toEqual(['a', 'b', 'c']);
    expect(next.told()).toEqual(link.told().concat([[3, 'c']]));
  });

  test('leaves a running call running, whose answer goes to the next link', async () => {
    calls(caller, make(1, 'wait', ['a']));
    caller.detach(link);
    const next = new Link();
    calls(welcome('c', next), make(1, 'wait', ['a']));
    target.release[0]?.();
    await settled();
    expect(next.told()).toEqual([[1, 'a']]);
    expect(target.release).toHaveLength(1);
  });

  test('gives up a stream that had begun', async () => {
    calls(caller, make(1, 'texts', [50], { windowBytes: 300 }));
    await settled();
    caller.detach(link);
    await settled();
    expect(target.closed).toBe(1);
  });

  test('after the time that answers are kept, a call is said to have an unknown outcome', () => {
    calls(caller, make(1, 'note', ['a']));
    caller.detach(link);
    clock.advance(60_001);
    const next = new Link();
    calls(welcome('c', next), make(1, 'note', ['a']));
    expect(next.told()).toEqual([[1, 'call.cancelled', 'unknown']]);
    expect(target.seen).toEqual(['a']);
  });

  test('a newer link of the same caller closes the older one', () => {
    welcome('c', new Link());
    expect(link.isClosed).toBe(true);
  });
});

test('no caller has more than 10,000 calls open: what is above is refused as not run', () => {
  calls(caller, make(1, 'wait', [1]));
  for (let number = 2; number <= 10_002; number += 1) calls(caller, make(number, 'note', []));
  expect(link.told()).toEqual([
    [10_001, 'queue.full', 'not-run'],
    [10_002, 'queue.full', 'not-run'],
  ]);
});

test('whatever is cut and sent again, every call runs at most once and gets exactly one answer that its caller sees', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.constant('call' as const), fc.constant('cut' as const)), { maxLength: 60 }),
      fc.integer({ min: 0, max: 3 }),
      (steps, lost) => {
        open(1);
        let [current, on] = [caller, link];
        const answered = new Set<number>();
        let last = 0;
        const read = (): void => {
          for (const { number } of on.sent.slice(0, Math.max(0, on.sent.length - lost))) answered.add(number);
        };
        for (const step of steps) {
          if (step === 'call') {
            last += 1;
            calls(current, make(last, 'note', [last]));
            continue;
          }
          read();
          current.detach(on);
          on = new Link();
          current = welcome('c', on);
          for (let number = 1; number <= last; number += 1) if (!answered.has(number)) calls(current, make(number, 'note', [number]));
        }
        for (const { number } of on.sent) answered.add(number);
        expect(target.seen).toEqual(Array.from({ length: last }, (_, i) => i + 1));
        expect(answered.size).toBe(last);
      },
    ),
  );
});
