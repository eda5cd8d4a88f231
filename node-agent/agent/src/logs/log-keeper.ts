import type { LeaseId } from '@trainer/model';
import { LogShipper, type LogPorts } from './log-shipper.js';

/** Logs of ended leases that may still get lines from their pipes, or wait for the store. */
const MAX_ENDED = 200;

/** The logs of all leases. */
export class LogKeeper {
  readonly #ports: LogPorts;
  readonly #shippers = new Map<LeaseId, LogShipper>();
  #ended: LeaseId[] = [];

  constructor(ports: LogPorts) {
    this.#ports = ports;
  }

  add(lease: LeaseId, line: string, isStderr: boolean): void {
    let shipper = this.#shippers.get(lease);
    if (shipper === undefined) {
      shipper = new LogShipper(lease, this.#ports);
      this.#shippers.set(lease, shipper);
    }
    shipper.add(line, isStderr);
  }

  /** The lease's process is gone. What its pipes still hold may come after; hence some are kept. */
  ended(lease: LeaseId): void {
    if (!this.#shippers.has(lease)) return;
    void this.#shippers.get(lease)?.flush();
    this.#ended.push(lease);
    for (const old of this.#ended.splice(0, this.#ended.length - MAX_ENDED)) this.#shippers.delete(old);
  }

  async flushAll(): Promise<void> {
    await Promise.all([...this.#shippers.values()].map((shipper) => shipper.flush()));
  }
}
