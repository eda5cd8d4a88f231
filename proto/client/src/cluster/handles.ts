import { TrainerError, type Clock } from '@trainer/model';
import type { HandleData, HandleHook } from '@trainer/wire';
import { ActorLink } from '../calls/actor-link.js';
import type { ActorLocation, LinkPorts, Look } from '../calls/actor-search.js';
import { makeHandle, type ActorControl, type ActorHandle } from './handle.js';

/** What the handles of one process share. */
export interface HandlesParts {
  readonly clock: Clock;
  readonly openStream: (actor: string) => LinkPorts['openStream'];
  locate(actor: string, look: Look): Promise<ActorLocation>;
  readonly control: ActorControl;
}

/** Actors that one process calls; a program that gets handles without end and drops none is mistaken. */
const MAX_LINKS = 100_000;

/** The handles that one process holds, one link an actor, and how they travel in values. */
export class Handles implements HandleHook {
  readonly #parts: HandlesParts;
  readonly #links = new Map<string, ActorLink>();
  readonly #made = new WeakMap<object, HandleData>();

  constructor(parts: HandlesParts) {
    this.#parts = parts;
  }

  /** A handle of an actor; all handles of one actor share a link, so that their calls keep one order. */
  handle<Instance extends object>(data: HandleData, location: ActorLocation | null): ActorHandle<Instance> {
    const link = this.#links.get(data.id) ?? this.#link(data.id, location);
    const { clock, control } = this.#parts;
    return makeHandle<Instance>({ data, link, control, clock, handles: this, onMade: (made) => this.#made.set(made, data) });
  }

  toData(value: object): HandleData | null {
    return this.#made.get(value) ?? null;
  }

  fromData(data: HandleData): ActorHandle<object> {
    return this.handle(data, null);
  }

  /** Opens the stream to an actor ahead of the first call. */
  warm(id: string): void {
    this.#links.get(id)?.warm();
  }

  /** Gives up all calls. */
  close(): void {
    for (const link of [...this.#links.values()]) link.close();
  }

  #link(id: string, location: ActorLocation | null): ActorLink {
    if (this.#links.size >= MAX_LINKS)
      throw new TrainerError('queue.full', `This process holds links to ${MAX_LINKS} actors that live; end some.`, { limit: MAX_LINKS });
    const parts = this.#parts;
    const ports: LinkPorts = {
      clock: parts.clock,
      openStream: parts.openStream(id),
      locate: (look) => parts.locate(id, look),
      onEnded: () => {
        if (this.#links.get(id) === link) this.#links.delete(id);
      },
    };
    const link = new ActorLink(id, ports, location);
    this.#links.set(id, link);
    return link;
  }
}
