import { describe, expect, it } from '@jest/globals';
import { TrainerError } from '@trainer/model';
import { createLogger, type LoggerOptions } from './logger.js';
import { manualClock } from './manual-clock.js';

function logged(options: Partial<LoggerOptions>): { logger: ReturnType<typeof createLogger>; lines: string[] } {
  const lines: string[] = [];
  const logger = createLogger({ clock: manualClock(0), write: (line) => lines.push(line), level: 'info', format: 'json', ...options });
  return { logger, lines };
}

describe('the logger', () => {
  it('writes one JSON line an event, with the fields of its ancestors', () => {
    const { logger, lines } = logged({ fields: { process: 'head' } });
    logger.child({ job: 'train_1' }).info('placed', { node: 'node-1' });
    expect(lines).toEqual([
      '{"time":"1970-01-01T00:00:00.000Z","level":"info","message":"placed","process":"head","job":"train_1","node":"node-1"}\n',
    ]);
  });

  it('writes lines for people', () => {
    const { logger, lines } = logged({ format: 'text' });
    logger.warn('slow\nanswer', { ms: 12, what: 'two words' });
    expect(lines).toEqual(['1970-01-01 00:00:00.000Z warn  slow\\nanswer ms=12 what="two words"\n']);
  });

  it('leaves out what is below its level', () => {
    const { logger, lines } = logged({ level: 'warn' });
    logger.info('not this');
    logger.error('this');
    expect(lines).toHaveLength(1);
  });

  it('hides fields whose names say they are secret, however deep', () => {
    const { logger, lines } = logged({});
    logger.info('x', { token: 'abc', nested: { Authorization: 'Bearer abc' }, password: 'abc' });
    expect(lines[0]).not.toContain('abc');
  });

  it('hides a known secret wherever it occurs', () => {
    const { logger, lines } = logged({ secrets: ['s3cr3t'] });
    logger.info('x', { url: 'nats://s3cr3t@localhost', error: new Error('token s3cr3t refused') });
    expect(lines[0]).not.toContain('s3cr3t');
  });

  it('writes an error of ours as its code and facts, and the stack only of others', () => {
    const { logger, lines } = logged({});
    logger.error('x', { error: new TrainerError('queue.full', 'm', { limit: 3 }) });
    logger.error('x', { error: new RangeError('r') });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ error: { code: 'queue.full', message: 'm', facts: { limit: 3 } } });
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ error: { code: 'internal', stack: expect.stringContaining('RangeError: r') } });
  });

  it('bears any value', () => {
    const ring: Record<string, unknown> = {};
    ring['ring'] = ring;
    const { logger, lines } = logged({});
    logger.info('x', {
      ring,
      big: 5n,
      bytes: new Uint8Array(3),
      call: () => 1,
      map: new Map([['k', 1]]),
      bad: new Date(Number.NaN),
      no: undefined,
    });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ big: '5', bytes: '3 bytes', map: { k: 1 }, bad: 'invalid date' });
  });

  it('cuts a text that is no log line', () => {
    const { logger, lines } = logged({});
    logger.info('x', { text: 'y'.repeat(100_000) });
    expect(lines[0]?.length).toBeLessThan(9000);
  });
});
