export { memoryStore } from './memory-store.js';
export { s3Program, startS3Server } from './s3-server.js';
export type { S3Server } from './s3-server.js';
export { smallDisk } from './small-disk.js';
export type { SmallDisk } from './small-disk.js';
