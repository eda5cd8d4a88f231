/** What a pure controller answers to an event that its table does not allow; the loop reports it and refuses the fact that bore it. */
export interface IllegalTransition {
  readonly kind: 'illegal';
  readonly machine: 'lease' | 'actor' | 'job' | 'node';
  /** Id of the lease, actor, job or node. */
  readonly of: string;
  readonly from: string;
  readonly event: string;
  /** One sentence a person can act on. */
  readonly why: string;
}
