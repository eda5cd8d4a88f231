import { describe, expect, it } from '@jest/globals';
import { databaseSecrets, databaseUrlOf, listOf, natsAddress, portsOf, readSettings, requireMode } from './settings.js';

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
    ['TRAINER_MODE', 'half'],
    ['TRAINER_OBJECTS', 'objects'],
    ['TRAINER_CPUS', '0'],
    ['TRAINER_MEMORY', 'much'],
    ['NATS_URL', '127.0.0.1:4222'],
    ['MINIO_ENDPOINT', 'http://minio:9000/path'],
    ['MINIO_ENDPOINT', 'ftp://minio:9000'],
    ['MINIO_ENDPOINT', 'user:secret@minio:9000'],
    ['MINIO_SECURE', 'yes'],
    ['TRAINER_STORE_SILENT_S', '0'],
    ['MLFLOW_TRACKING_URI', 'http://mlflow:5000'],
    ['DATABASE_URL', 'foo'],
    ['DATABASE_URL', 'mysql://db/x'],
    ['SERVICE_NAME', 'my service'],
    ['SERVICE_HOST', 'a b'],
    ['TRAINER_ADVERTISED_HOST', 'a b'],
    ['POSTGRES_HOST', 'a b'],
    ['MINIO_BUCKET_DATA', 'A/B'],
    ['MINIO_BUCKET_MODELS', '..'],
    ['MINIO_BUCKET_MODELS', 'm'],
    ['MINIO_BUCKET_MODELS', 'm'.repeat(64)],
    ['TRAINER_CORS_ORIGINS', 'ml.example'],
    ['TRAINER_CORS_ORIGINS', 'https://ml.example,*'],
    ['TRAINER_CORS_ORIGINS', 'https://ml.example/'],
    ['TRAINER_PORTS', '5-1'],
    ['TRAINER_PORTS', '0-10'],
    ['TRAINER_PORTS', '1-65536'],
    ['TRAINER_LOG_LEVEL', 'loud'],
    ['CUDA_VISIBLE_DEVICES', 'zz'],
    ['CUDA_VISIBLE_DEVICES', '0;1'],
    ['CUDA_VISIBLE_DEVICES', '0,one'],
    ['TRAINER_LOG_FORMAT', 'xml'],
  ])('refuse %s=%s by its name', (name, value) => {
    expect(() => readSettings({ [name]: value })).toThrow(name);
    // In the words of people: what to give, not what the parser thought.
    expect(() => readSettings({ [name]: value })).not.toThrow(/Invalid|expected/);
  });

  it.each([
    ['DATABASE_URL', 'postgresql:///trainer?host=/run/postgresql'],
    ['DATABASE_URL', 'postgres://u:p@db:5432/x'],
    ['SERVICE_NAME', 'model_training-1.example'],
    ['SERVICE_HOST', '::1'],
    ['TRAINER_ADVERTISED_HOST', 'fe80::1%eth0'],
    ['MINIO_ENDPOINT', 'minio:9000'],
    ['MINIO_ENDPOINT', 's3.eu-west-1.amazonaws.com'],
    ['MINIO_ENDPOINT', 'https://minio:9000'],
    ['MINIO_ENDPOINT', '[::1]:9000'],
    ['MINIO_BUCKET_DATA', 'ab'],
    ['MINIO_BUCKET_DATA', 'm'.repeat(63)],
    ['TRAINER_CORS_ORIGINS', 'https://ml.example, http://127.0.0.1:3000'],
    ['TRAINER_PORTS', '1-65535'],
    ['CUDA_VISIBLE_DEVICES', ''],
    ['CUDA_VISIBLE_DEVICES', '0, 1'],
    ['CUDA_VISIBLE_DEVICES', '-1'],
    ['CUDA_VISIBLE_DEVICES', 'none'],
    ['CUDA_VISIBLE_DEVICES', 'GPU-5f0c1d2e,MIG-GPU-1/2/3'],
    ['CUDA_VISIBLE_DEVICES', '0x5f0c1d2e'],
    ['TRAINER_PORTS', '20000-20000'],
  ])('take %s=%s', (name, value) => {
    expect(() => readSettings({ [name]: value })).not.toThrow();
  });

  it('take an empty variable as unset', () => {
    expect(readSettings({ SERVICE_PORT: '' }).SERVICE_PORT).toBe(8002);
  });

  it("make a database url of the seed's variables", () => {
    expect(databaseUrlOf(readSettings({ POSTGRES_HOST: 'db', POSTGRES_PASSWORD: 'a b' }))).toBe(
      'postgresql://postgres:a%20b@db:5432/microlearn',
    );
  });

  it.each([
    ['postgresql://u:a%20b%2B@db/x', ['a%20b%2B', 'a b+']],
    ['postgresql://u:100%@db/x', ['100%', '100%']],
    ['postgresql://u@db/x?password=deep', ['deep']],
    ['postgresql://postgres:postgres@db/x', []],
    ['', []],
  ])('know what no log may show of %s', (url, secrets) => {
    expect(databaseSecrets(url)).toEqual(secrets);
  });

  it('use the embedded database when none is named', () => {
    expect(databaseUrlOf(readSettings({}))).toBeNull();
  });

  it("show NATS the token of its address, else the cluster's secret", () => {
    expect(natsAddress('nats://to%20ken@nats:4222', 'deep')).toEqual({ url: 'nats://nats:4222', server: 'nats:4222', token: 'to ken' });
    expect(natsAddress('nats://nats:4222', 'deep').token).toBe('deep');
  });

  it('read a range of ports, and none as any', () => {
    expect(portsOf(readSettings({ TRAINER_PORTS: '20000-20100' }))).toEqual({ first: 20_000, last: 20_100 });
    expect(portsOf(readSettings({}))).toBeNull();
  });

  it('read lists with spaces and empty places', () => {
    expect(listOf(' a:1, b:2,,')).toEqual(['a:1', 'b:2']);
  });

  it('leave the mode to the verb, and refuse the verb of another', () => {
    expect(() => requireMode(readSettings({}), 'cluster', 'agent')).not.toThrow();
    expect(() => requireMode(readSettings({ TRAINER_MODE: 'embedded' }), 'cluster', 'agent')).toThrow('TRAINER_MODE');
    expect(() => requireMode(readSettings({ TRAINER_MODE: 'cluster' }), 'embedded', 'up')).toThrow('trainer head');
  });
});
