import type { JobId, LeaseId, NodeId } from '@trainer/model';

/** Where a node's agent, in that incarnation, answers placements. */
export function placeSubject(node: NodeId, incarnation: number): string {
  return `trainer.v1.node.${node}.${incarnation}.place`;
}

/** Where the head publishes a job's committed events. */
export function jobEventsSubject(job: JobId): string {
  return `trainer.v1.job.${job}.events`;
}

/** Where an agent publishes what a lease's process writes, line by line. */
export function logSubject(lease: LeaseId): string {
  return `trainer.v1.log.${lease}`;
}
