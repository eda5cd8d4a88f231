import type { Obstacle, Want } from './demand.js';
import { explain } from './explain.js';
import { aheadText, explainText } from './explain-text.js';
import type { Explanation } from './explanation.js';
import type { Plan } from './plan.js';
import type { Waiting, WaitingLine } from './waiting-line.js';

/** What a want waits for, and what it was found from. */
interface Sign {
  readonly obstacle: Obstacle['kind'];
  readonly nodes: number;
  readonly kind: string;
}

/** So many explanations are made for one plan, each a look at all nodes; the others follow with the next ones. */
const MOST_EXPLAINED = 16;

/**
 * Why demands wait, from the newest plan.
 *
 *   R1. A reason is put into words when it is read: what the nodes have free, and how many are ahead, change with every start and end of
 *       others, and are nobody's history.
 *   R2. What a demand is told of its waiting is stored: once for each kind of thing that it waits for, and again only where the nodes
 *       have changed meanwhile. So what is stored for one does not grow with the number of others.
 */
export class Reasons {
  #made: Plan | null = null;
  /** Of the newest plan. */
  readonly #explained = new Map<Want, Explanation>();
  #signs = new Map<Want, Sign>();
  /** Counts the states of the nodes. */
  #nodes = 0;
  #isAllTold = true;

  constructor(private readonly line: WaitingLine) {}

  nodesChanged(): void {
    this.#nodes += 1;
  }

  /** Somebody new waits. */
  joined(): void {
    this.#isAllTold = false;
  }

  /** @returns false: not all that is new could be looked at; call it again after the next plan */
  planned(made: Plan): boolean {
    this.#made = made;
    this.#explained.clear();
    const signs = new Map<Want, Sign>();
    let left = MOST_EXPLAINED;
    for (const [want, { kind: obstacle }] of made.refusals) {
      const known = this.#signs.get(want);
      const isKnown = known?.obstacle === obstacle && known.nodes === this.#nodes;
      if (!isKnown && left === 0) continue;
      if (!isKnown) left -= 1;
      const sign = isKnown ? known : { obstacle, nodes: this.#nodes, kind: this.explanationOf(want)?.unblock.kind ?? obstacle };
      signs.set(want, sign);
      if (sign.kind !== known?.kind) this.#isAllTold = false;
    }
    this.#signs = signs;
    return left > 0;
  }

  /** Nothing that was planned counts any more. */
  clear(): void {
    this.#made = null;
    this.#explained.clear();
    this.#signs.clear();
    this.#isAllTold = false;
  }

  /** Who is to be told what it waits for, in the order of the turns; each once for each kind of thing. @param most at most so many */
  untold(most: number, isPlaced: (id: string) => boolean): readonly Waiting[] {
    if (this.#isAllTold) return [];
    const found: Waiting[] = [];
    for (const waiting of this.line.all()) {
      const sign = this.#signs.get(waiting.want);
      if (sign === undefined || !this.#isNews(waiting, sign.kind) || isPlaced(waiting.id)) continue;
      if (found.length === most) return found;
      waiting.told.set(sign.kind, this.#nodes);
      waiting.lastTold = sign.kind;
      found.push(waiting);
    }
    this.#isAllTold = true;
    return found;
  }

  #isNews({ told, lastTold }: Waiting, kind: string): boolean {
    return kind !== lastTold && told.get(kind) !== this.#nodes;
  }

  /** @returns null where the newest plan did not refuse it */
  explanationOf(want: Want): Explanation | null {
    const obstacle = this.#made?.refusals.get(want);
    if (this.#made === null || obstacle === undefined) return null;
    const explanation = this.#explained.get(want) ?? explain(want, this.#made.rooms, obstacle);
    this.#explained.set(want, explanation);
    return explanation;
  }

  /** Why it waits now, and how many are ahead of it; null: it does not wait, or no plan has looked at it yet. */
  textOf(id: string): string | null {
    const waiting = this.line.get(id);
    const explanation = waiting === undefined ? null : this.explanationOf(waiting.want);
    if (waiting === undefined || explanation === null) return null;
    // What fits nowhere is behind nobody.
    const ahead = explanation.verdict === 'waits' ? aheadText(waiting.want.kind, this.line.ahead(waiting)) : '';
    return explainText(explanation) + ahead;
  }
}
