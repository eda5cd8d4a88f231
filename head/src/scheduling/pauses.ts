import type { Millis, NodeId } from '@trainer/model';

export interface PauseLimits {
  readonly firstMs: Millis;
  readonly longestMs: Millis;
}

/**
 * Nodes that refused what was planned on them. Each is left alone for a while that doubles with every refusal in a row, so that
 * plan and refusal do not chase each other; or until its picture changed. Times are of one monotonic clock.
 */
export class NodePauses {
  readonly #pauses = new Map<NodeId, { readonly untilMs: Millis; readonly lengthMs: Millis }>();

  constructor(private readonly limits: PauseLimits) {}

  refused(node: NodeId, nowMs: Millis): void {
    const before = this.#pauses.get(node);
    // The refusals of one plan count once.
    if (before !== undefined && nowMs < before.untilMs) return;
    const lengthMs = before === undefined ? this.limits.firstMs : Math.min(this.limits.longestMs, 2 * before.lengthMs);
    this.#pauses.set(node, { untilMs: nowMs + lengthMs, lengthMs });
  }

  /** Work of it began or ended, or it said hello: what it refused it may take now. @returns whether it was paused, or refuses often */
  changed(node: NodeId): boolean {
    return this.#pauses.delete(node);
  }

  has(node: NodeId, nowMs: Millis): boolean {
    return nowMs < (this.#pauses.get(node)?.untilMs ?? nowMs);
  }

  /** @returns how long until the next pause ends; null: none is on */
  nextEndMs(nowMs: Millis): Millis | null {
    const left = [...this.#pauses.values()].map(({ untilMs }) => untilMs - nowMs).filter((ms) => ms > 0);
    return left.length === 0 ? null : Math.min(...left);
  }
}
