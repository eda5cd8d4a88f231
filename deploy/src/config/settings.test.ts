import { describe, expect, it } from '@jest/globals';
import { databaseUrlOf, readSettings } from './settings.js';

describe('the settings', () => {
  it("have the seed's defaults", () => {
    expect(readSettings({})).toMatchObject({ SERVICE_PORT: 8002, MAX_PARALLEL_JOBS: 3, DEFAULT_EPOCHS: 100, EARLY_STOPPING_PATIENCE: 10 });
  });

  it.each([
    ['SERVICE_PORT', 'many'],
    ['SERVICE_PORT', '70000'],
    ['MAX_PARALLEL_JOBS', '0'],
    ['TRAINER_UPLOAD_LIMIT', 'much'],
    ['AUTH', 'on'],
    ['TRAINER_MODE', 'cluster'],
    ['MINIO_ENDPOINT', 'minio:9000'],
    ['MLFLOW_TRACKING_URI', 'http://mlflow:5000'],
  ])('refuse %s=%s by its name', (name, value) => {
    expect(() => readSettings({ [name]: value })).toThrow(name);
  });

  it('take an empty variable as unset', () => {
    expect(readSettings({ SERVICE_PORT: '' }).SERVICE_PORT).toBe(8002);
  });

  it("make a database url of the seed's variables", () => {
    expect(databaseUrlOf(readSettings({ POSTGRES_HOST: 'db', POSTGRES_PASSWORD: 'a b' }))).toBe(
      'postgresql://postgres:a%20b@db:5432/microlearn',
    );
  });

  it('use the embedded database when none is named', () => {
    expect(databaseUrlOf(readSettings({}))).toBeNull();
  });
});
