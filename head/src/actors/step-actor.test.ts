import { describe, expect, test } from '@jest/globals';
import { ACTOR_TRANSITIONS, actorId, bundleHash, leaseId, nodeId, sessionId } from '@trainer/model';
import type { Actor, ActorState, ActorStateName, DeathCause } from '@trainer/model';
import fc from 'fast-check';
import type { Explanation } from '../scheduling/explanation.js';
import type { ActorEvent } from './actor-events.js';
import { pauseOf } from './restarts.js';
import { pendingEffects, stepActor } from './step-actor.js';

const LEASE = leaseId('1-1');
const OLD = leaseId('1-7');
const NODE = nodeId('node-000000000001');
const SESSION = sessionId('session-0000000000000001');
const killed = { kind: 'killed', by: 'someone' } as const;
const explanation: Explanation = {
  verdict: 'infeasible',
  bundle: { cpuMilli: 9000, memoryBytes: 0, gpuMilli: 0 },
  bundles: 1,
  engine: null,
  turnedAway: { connection: 0, engine: 0, capacity: 0, available: 0 },
  nodeCount: 0,
  nodes: [],
  best: null,
  unblock: { kind: 'node-joins', bundle: { cpuMilli: 9000, memoryBytes: 0, gpuMilli: 0 }, bundles: 1, engine: null },
};

const STATES: Record<ActorStateName, ActorState> = {
  pending: { at: 'pending', since: 0, reason: null },
  starting: { at: 'starting', since: 0, lease: LEASE, incarnation: 1 },
  alive: { at: 'alive', since: 0, lease: LEASE, incarnation: 1, node: NODE, address: 'h:1' },
  stopping: { at: 'stopping', since: 0, lease: LEASE, cause: killed },
  dead: { at: 'dead', since: 0, cause: killed },
};
const EVENTS: readonly ActorEvent[] = [
  { kind: 'placed', lease: OLD, incarnation: 1 },
  { kind: 'refused', lease: LEASE, message: 'full' },
  { kind: 'waits', reason: 'no CPU' },
  { kind: 'ready', lease: LEASE, node: NODE, address: 'h:1' },
  { kind: 'lease-ended', lease: LEASE, cause: { kind: 'exited', code: 3 } },
  { kind: 'lease-lost', lease: LEASE, node: NODE },
  { kind: 'kill', by: 'someone' },
  { kind: 'session-ended', session: SESSION },
  { kind: 'infeasible', explanation },
  { kind: 'create-deadline', afterMs: 30_000 },
];

function actor(at: ActorStateName, maxRestarts = 0): Actor {
  return {
    spec: {
      id: actorId('actor-0000000000000001'),
      session: SESSION,
      classRef: { kind: 'bundle', hash: bundleHash('0'.repeat(64)), exportName: 'Counter' },
      className: 'Counter',
      args: { kind: 'inline', bytes: new Uint8Array() },
      resources: { cpuMilli: 100, memoryBytes: 1, gpuMilli: 0 },
      concurrency: 1,
      priority: 50,
      env: {},
      name: null,
      namespace: 'default',
      maxRestarts,
      checkpointEvery: 1_000,
      maxCallRetries: 0,
    },
    state: STATES[at],
    restarts: 0,
    deaths: [],
    hasRun: at === 'alive',
    quickRestarts: 0,
  };
}

/** By event in the order of EVENTS; `=`: nothing changes, `!`: illegal. */
const TABLE: Record<ActorStateName, readonly string[]> = {
  pending: ['starting', '=', 'pending', '!', '=', '=', 'dead', 'dead', 'dead', 'dead'],
  starting: ['!', 'pending', '=', 'alive', 'dead', 'dead', 'stopping', 'stopping', '!', 'stopping'],
  alive: ['!', '!', '=', '=', 'dead', 'dead', 'stopping', 'stopping', '!', '='],
  stopping: ['!', 'dead', '=', '=', 'dead', 'dead', '=', '=', '!', '='],
  dead: ['!', '=', '=', '!', '=', '=', '=', '=', '=', '='],
};

/** The same of one that ran before and may be started again. */
const AGAIN: Record<ActorStateName, readonly string[]> = {
  pending: ['starting', '=', 'pending', '!', '=', '=', 'dead', 'dead', 'pending', '='],
  starting: ['!', 'pending', '=', 'alive', 'pending', 'pending', 'stopping', 'stopping', '!', '='],
  alive: ['!', '!', '=', '=', 'pending', 'pending', 'stopping', 'stopping', '!', '='],
  stopping: ['!', 'dead', '=', '=', 'dead', 'dead', '=', '=', '!', '='],
  dead: ['!', '=', '=', '!', '=', '=', '=', '=', '=', '='],
};

function outcome(of: Actor, event: ActorEvent): string {
  const step = stepActor(of, event, 5);
  return step.kind === 'illegal' ? '!' : step.isChanged ? step.actor.state.at : '=';
}

describe('stepActor', () => {
  const cases = (Object.keys(STATES) as ActorStateName[]).flatMap((at) =>
    EVENTS.map((event, i) => [at, event.kind, TABLE[at][i], event] as const),
  );
  test.each(cases)('%s, %s: %s', (at, _, expected, event) => {
    expect(outcome(actor(at), event)).toBe(expected);
  });

  const again = (Object.keys(STATES) as ActorStateName[]).flatMap((at) =>
    EVENTS.map((event, i) => [at, event.kind, AGAIN[at][i], event] as const),
  );
  test.each(again)('restarted and %s, %s: %s', (at, _, expected, event) => {
    expect(outcome({ ...actor(at, 3), restarts: 1, hasRun: true, quickRestarts: 1 }, event)).toBe(expected);
  });

  const exited = { kind: 'exited', code: 3 } as const;
  const error = { name: 'E', message: 'm', stack: '', fields: {} };
  const data = { code: 'actor.load-failed', message: 'm', facts: {}, retry: 'never' } as const;
  const CAUSES: readonly (readonly [DeathCause, first: string, later: string])[] = [
    [exited, 'pending', 'pending'],
    [{ kind: 'exited', code: 0 }, 'pending', 'pending'],
    [{ kind: 'signal', signal: 'SIGKILL' }, 'pending', 'pending'],
    [{ kind: 'out-of-memory', limitBytes: 1, usedBytes: 2 }, 'pending', 'pending'],
    [{ kind: 'node-lost', node: NODE }, 'pending', 'pending'],
    [{ kind: 'owner-gone', owner: 'agent' }, 'pending', 'pending'],
    [{ kind: 'fact-refused', why: 'w' }, 'pending', 'pending'],
    [{ kind: 'broke-protocol', why: 'w' }, 'pending', 'pending'],
    [{ kind: 'not-started', error: { ...data, retry: 'elsewhere' } }, 'pending', 'pending'],
    [{ kind: 'not-started', error: data }, 'dead', 'pending'],
    [{ kind: 'released' }, 'pending', 'pending'],
    [{ kind: 'constructor-threw', error }, 'dead', 'pending'],
    [{ kind: 'load-failed', error: data }, 'dead', 'pending'],
    [{ kind: 'start-timeout', afterMs: 1 }, 'dead', 'pending'],
    [killed, 'dead', 'dead'],
    [{ kind: 'finished' }, 'dead', 'dead'],
  ];
  test.each(CAUSES)('of %j the first start goes to %s, a later one to %s', (cause, first, later) => {
    const ended = { kind: 'lease-ended', lease: LEASE, cause } as const;
    expect(outcome(actor('starting', 1), ended)).toBe(first);
    expect(outcome({ ...actor('starting', 1), hasRun: true }, ended)).toBe(later);
  });

  test('a restart counts, keeps why, and is placed as the next incarnation', () => {
    const step = stepActor(actor('alive', 1), { kind: 'lease-ended', lease: LEASE, cause: exited }, 5);
    expect(step).toMatchObject({
      actor: {
        restarts: 1,
        deaths: [{ incarnation: 1, at: 5, cause: exited }],
        state: { at: 'pending', reason: 'It starts again: exited with code 3.' },
      },
    });
  });

  test('when no restart is left the last end is final', () => {
    const lost = { kind: 'lease-lost', lease: LEASE, node: NODE } as const;
    expect(outcome({ ...actor('alive', 2), restarts: 2 }, lost)).toBe('dead');
    expect(outcome({ ...actor('alive', -1), restarts: 1_000 }, lost)).toBe('pending');
  });

  test('one that is being killed while it starts again is not started once more', () => {
    const restarting = { ...actor('starting', -1), restarts: 1, hasRun: true };
    const step = stepActor(restarting, { kind: 'kill', by: 'someone' }, 5);
    if (step.kind === 'illegal') throw new Error(step.why);
    expect(outcome(step.actor, { kind: 'lease-ended', lease: LEASE, cause: exited })).toBe('dead');
  });

  test('an actor that dies at once waits longer and longer, up to ten seconds, until one of its lives was calm', () => {
    let present = actor('alive', -1);
    const pauses: number[] = [];
    for (const life of [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 10_000, 1]) {
      const step = stepActor(present, { kind: 'lease-ended', lease: LEASE, cause: exited }, life);
      if (step.kind === 'illegal') throw new Error(step.why);
      pauses.push(pauseOf(step.actor));
      present = { ...step.actor, state: STATES.alive };
    }
    expect(pauses).toEqual([0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 0, 100]);
  });

  test('the loss of its nodes lets it wait no longer: it says nothing of the actor', () => {
    let present = actor('alive', -1);
    for (let losses = 0; losses < 5; losses += 1) {
      const step = stepActor(present, { kind: 'lease-lost', lease: LEASE, node: NODE }, 1);
      if (step.kind === 'illegal') throw new Error(step.why);
      expect(pauseOf(step.actor)).toBe(0);
      present = { ...step.actor, state: STATES.alive };
    }
  });

  test('a killed actor keeps the cause of its kill when its process ends', () => {
    expect(
      stepActor(actor('stopping'), { kind: 'lease-ended', lease: LEASE, cause: { kind: 'signal', signal: 'SIGKILL' } }, 5),
    ).toMatchObject({
      actor: { state: { at: 'dead', cause: killed } },
    });
  });

  test('an actor that dies by itself has the cause of its process', () => {
    expect(stepActor(actor('alive'), { kind: 'lease-ended', lease: LEASE, cause: { kind: 'exited', code: 3 } }, 5)).toMatchObject({
      actor: { state: { at: 'dead', cause: { kind: 'exited', code: 3 } } },
      effects: [{ kind: 'answer-creators' }],
    });
  });

  test('the end of an older lease changes nothing', () => {
    expect(outcome(actor('alive'), { kind: 'lease-ended', lease: OLD, cause: { kind: 'exited', code: 3 } })).toBe('=');
  });

  test('the same placement again changes nothing', () => {
    expect(outcome(actor('starting'), { kind: 'placed', lease: LEASE, incarnation: 1 })).toBe('=');
  });

  test('the end of another session changes nothing', () => {
    expect(outcome(actor('alive'), { kind: 'session-ended', session: sessionId('session-0000000000000002') })).toBe('=');
  });

  test('what can never fit dies with the text that says why', () => {
    expect(stepActor(actor('pending'), { kind: 'infeasible', explanation }, 5)).toMatchObject({
      actor: { state: { cause: { by: expect.stringContaining('9 CPUs') } } },
    });
  });

  test.each([
    ['pending', []],
    ['starting', [{ kind: 'place', lease: LEASE, incarnation: 1 }]],
    ['alive', [{ kind: 'answer-creators' }]],
    ['stopping', [{ kind: 'stop', lease: LEASE, cause: killed }]],
    ['dead', [{ kind: 'answer-creators' }]],
  ] as const)('after a restart of the head, of a %s actor there is to do: %j', (at, effects) => {
    expect(pendingEffects(actor(at))).toEqual(effects);
  });

  test('whatever happens, it moves along its table, death stays, and a lease is left only by its end', () => {
    const event = fc.constantFrom<ActorEvent>(...EVENTS, { kind: 'placed', lease: LEASE, incarnation: 1 });
    fc.assert(
      fc.property(
        fc.array(event, { minLength: 10, maxLength: 30, size: 'max' }),
        fc.integer({ min: -1, max: 2 }),
        (events, maxRestarts) => {
          let present = actor('pending', maxRestarts);
          for (const next of events) {
            const step = stepActor(present, next, 1);
            if (step.kind === 'illegal') continue;
            const [from, to] = [present.state, step.actor.state];
            expect(from.at === to.at || ACTOR_TRANSITIONS[from.at].includes(to.at)).toBe(true);
            const risen = step.actor.restarts - present.restarts;
            expect(risen === 0 || (risen === 1 && to.at === 'pending' && from.at !== 'stopping')).toBe(true);
            expect(maxRestarts === -1 || step.actor.restarts <= maxRestarts).toBe(true);
            const dropsLease = 'lease' in from && !('lease' in to);
            expect(!dropsLease || ['refused', 'lease-ended', 'lease-lost'].includes(next.kind)).toBe(true);
            expect(stepActor(step.actor, next, 2)).not.toMatchObject({ isChanged: true });
            present = step.actor;
          }
        },
      ),
    );
  });
});
