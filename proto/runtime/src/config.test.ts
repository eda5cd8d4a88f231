import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ConfigError, envBytes, envInteger, envNumber, readEnv } from './config.js';

const schema = z.object({
  TRAINER_HOST: z.string().default('127.0.0.1'),
  TRAINER_PORT: envInteger({ min: 0, max: 65_535 }).default(8002),
  TRAINER_DATABASE: z.string(),
});

function problem(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

describe('settings', () => {
  it('come from the first layer that has them, and know which', () => {
    const { values, origins } = readEnv(schema, [
      { name: 'environment', values: { TRAINER_PORT: '9000', TRAINER_DATABASE: '' } },
      { name: '/etc/trainer.env', values: { TRAINER_PORT: '1', TRAINER_DATABASE: 'postgres://x' } },
    ]);
    expect(values).toEqual({ TRAINER_HOST: '127.0.0.1', TRAINER_PORT: 9000, TRAINER_DATABASE: 'postgres://x' });
    expect(origins).toEqual({ TRAINER_HOST: 'default', TRAINER_PORT: 'environment', TRAINER_DATABASE: '/etc/trainer.env' });
  });

  it('are refused all at once in one line that names each', () => {
    const error = problem(() => readEnv(schema, { TRAINER_PORT: 'eighty' })) as ConfigError;
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toBe('TRAINER_PORT (from environment): give an integer from 0 to 65535; TRAINER_DATABASE: is not set');
    expect(ConfigError.EXIT_CODE).toBe(2);
  });

  it('never show their values when refused', () => {
    const secret = z.object({ TRAINER_SECRET: z.string().regex(/^[0-9a-f]{64}$/, 'give 64 hexadecimal digits') });
    expect((problem(() => readEnv(secret, { TRAINER_SECRET: 'hunter2' })) as Error).message).not.toContain('hunter2');
  });

  it.each([
    [envInteger({ min: 1, max: 9 }), '9', 9],
    [envNumber({ min: 0, max: 1 }), '0.25', 0.25],
    [envBytes(), '512MiB', 512 * 2 ** 20],
  ])('reads %#', (field, text, value) => {
    expect((field as z.ZodType).parse(text)).toEqual(value);
  });

  it.each([
    [envInteger({ min: 1, max: 9 }), '10'],
    [envInteger({ min: 1, max: 9 }), '1.5'],
    [envInteger({ min: 1, max: 9 }), '0x5'],
    [envNumber({ min: 0, max: 1 }), 'NaN'],
    [envBytes(), '-1'],
  ])('refuses %#', (field, text) => {
    expect((field as z.ZodType).safeParse(text).success).toBe(false);
  });
});
