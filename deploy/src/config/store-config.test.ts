import { expect, test } from '@jest/globals';
import { readSettings } from './settings.js';
import { s3ConfigOf, storeEnvironment, storeSecrets } from './store-config.js';

test.each([
  [{ MINIO_ENDPOINT: 'minio:9000' }, 'http://minio:9000'],
  [{ MINIO_ENDPOINT: 'minio:9000', MINIO_SECURE: 'true' }, 'https://minio:9000'],
  [{ MINIO_ENDPOINT: 'https://s3.example/' }, 'https://s3.example'],
  [{ MINIO_ENDPOINT: 'http://minio:9000', MINIO_SECURE: 'true' }, 'http://minio:9000'],
  [{ MINIO_ENDPOINT: '[::1]:9000' }, 'http://[::1]:9000'],
])('of %j the server is at %s', (environment, endpoint) => {
  expect(s3ConfigOf(readSettings(environment))).toMatchObject({ kind: 's3', endpoint });
});

test('without an endpoint there is none', () => {
  expect(s3ConfigOf(readSettings({ MINIO_ACCESS_KEY: 'a' }))).toBeNull();
});

test('another process that is given its variables has the same store', () => {
  const settings = readSettings({
    ...{ MINIO_ENDPOINT: 'minio:9000', MINIO_SECURE: 'true', MINIO_ACCESS_KEY: 'a', MINIO_SECRET_KEY: 'b c' },
    ...{ MINIO_REGION: 'eu', TRAINER_STORE_SILENT_S: '7', MINIO_BUCKET_DATA: 'here' },
  });
  const config = s3ConfigOf(settings);
  if (config === null) throw new Error('there is a server');
  const child = readSettings(storeEnvironment(settings, config));
  expect([s3ConfigOf(child), child.MINIO_BUCKET_DATA]).toEqual([config, 'here']);
  expect(storeEnvironment(settings, { kind: 'folder', path: '/objects' })).toMatchObject({ TRAINER_OBJECTS: '/objects' });
});

test("a secret is one unless it is MinIO's own default", () => {
  expect(storeSecrets(readSettings({}))).toEqual([]);
  expect(storeSecrets(readSettings({ MINIO_SECRET_KEY: 'mine' }))).toEqual(['mine']);
});
