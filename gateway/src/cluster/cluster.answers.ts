import { z } from 'zod';
import type { AnswerOf } from '../http/documented.js';

const amount = z.object({ total: z.number(), free: z.number() });
const held = {
  cpus: amount,
  memory_bytes: amount.describe('What jobs and actors may ask for, not what the machine has'),
  gpus: amount.describe('A device that is shared counts by what is left of it'),
};

/** What GET /cluster answers. */
export const ClusterSchema = z.object({
  version: z.string(),
  head_epoch: z.int().describe('Rises each time another head takes over'),
  uptime_seconds: z.int().describe('Of the head that leads'),
  database_connected: z.boolean(),
  messages_connected: z.boolean(),
  store_connected: z.boolean(),
  jobs_running: z.int(),
  jobs_pending: z.int(),
  actors_alive: z.int(),
  nodes: z.int().describe('Those that are connected; the sums are theirs'),
  ...held,
});

/** A node of GET /cluster/nodes. */
export const NodeSchema = z.object({
  id: z.string(),
  host: z.string(),
  state: z.string().describe('connected, draining, no-messages, silent (its agent says nothing) or lost'),
  since: z.string(),
  version: z.string(),
  labels: z.record(z.string(), z.string()),
  leases: z.int().describe('Processes that run or start there'),
  ...held,
  devices: z.array(z.object({ index: z.int(), uuid: z.string(), model: z.string(), memory_bytes: z.int(), free: z.number() })),
});
export const NodesSchema = z.array(NodeSchema);

export type ClusterView = AnswerOf<typeof ClusterSchema>;
export type NodeAnswer = AnswerOf<typeof NodeSchema>;
