import { toErrorData, TrainerError } from '@trainer/model';
import type { Clock, Fact, FromAgent, Hello, LeaseVerdict, NodeId, RefusedFact, StreamId, ToAgent } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import type { AgentLink, AgentLinks } from '../loop/agent-links.js';
import type { ClusterLoop } from '../loop/cluster-loop.js';
import type { Executor } from '../loop/executor.js';
import { checkNewest, leaseEnded, leaseGone, storeFacts } from '../loop/facts.js';
import { stepNodeIn } from '../loop/node-watch.js';
import type { NodeWatch } from '../loop/node-watch.js';
import type { Turn } from '../loop/turn.js';
import type { ReconciledLease } from '../nodes/node-table.js';
import { reconcile } from '../nodes/reconcile.js';
import { admitHello, newNode, saidState } from '../nodes/step-node.js';
import { refused } from '../placement/placer.js';
import { FencedError, StoreUnavailableError } from '../store/errors.js';
import { FactInbox } from './fact-inbox.js';
import { checkProtocol } from './protocol.js';

export interface AgentRules {
  readonly loop: ClusterLoop;
  readonly links: AgentLinks;
  readonly watch: NodeWatch;
  readonly executor: Executor;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  readonly newStreamId: () => StreamId;
}

/** What a connection needs of its stream. */
export interface AgentPipe {
  send(message: ToAgent): void;
  end(): void;
  /** Was it not said of a stream just before? */
  isNews(text: string): boolean;
  /** The head epoch that this head told the node of, on whatever stream; null: of none. */
  toldEpoch(node: NodeId): number | null;
  tell(node: NodeId, headEpoch: number): void;
  /** Who has more to do goes on in its turn. */
  nextRound(): Promise<void>;
}

/** An agent broke the rules of its stream, or may not speak for its node. */
class AgentRefusedError extends TrainerError<'request.invalid', { node: string }> {}

type State =
  | { readonly at: 'new' }
  /** The hello is read; facts up to its newest are awaited. */
  | { readonly at: 'catching-up'; readonly hello: Hello }
  | { readonly at: 'welcome'; readonly hello: Hello; readonly link: AgentLink }
  /** The head waits for its database: nothing is stored or commanded. The stream is ended when it goes on. */
  | { readonly at: 'suspended' }
  | { readonly at: 'closed' };

/**
 * One life of an agent's stream: hello, hello-read, facts up to the newest, reconciliation, welcome; then facts and
 * heartbeats, and commands down (design.md section 1). While the head is suspended it hears, and echoes heartbeats (docs/adr/0007).
 */
export class AgentConnection {
  #state: State = { at: 'new' };
  #lastHeardMs: number;
  readonly #inbox: FactInbox;

  constructor(
    private readonly rules: AgentRules,
    private readonly pipe: AgentPipe,
  ) {
    this.#lastHeardMs = rules.clock.monotonicMs();
    this.#inbox = new FactInbox({
      deal: (facts) => this.#facts(facts),
      nextRound: () => pipe.nextRound(),
      onError: (error) => this.#refuse(error),
    });
  }

  receive(message: FromAgent): void {
    const state = this.#state;
    if (state.at === 'closed') return;
    this.#heard(state);
    if (state.at === 'catching-up') this.rules.watch.alive(state.hello.node);
    if (message.kind === 'heartbeat' && state.at !== 'new') {
      this.#beat(state, message);
    } else if (state.at === 'suspended') {
      // Facts wait at the agent: it sends them again after its next hello.
    } else if (message.kind === 'hello') {
      if (state.at === 'new') this.#guard(this.#hello(message.hello));
      else this.#refuse(new AgentRefusedError('request.invalid', 'A stream has one hello.', { node: message.hello.node }));
    } else if (state.at === 'new') {
      this.#refuse(new AgentRefusedError('request.invalid', 'The first message of a stream is the hello.', { node: '' }));
    } else if (message.kind === 'facts') {
      this.#inbox.add(message.facts);
    }
  }

  /** The loop is suspended: the agent hears of it and stays. A head that ends lets it go. */
  suspend(): void {
    const state = this.#state;
    if (state.at === 'new' || state.at === 'suspended' || state.at === 'closed') return;
    if (!this.rules.loop.isSuspended) {
      this.end();
      return;
    }
    if (state.at === 'welcome') this.rules.links.close(state.link);
    this.#saySuspended();
  }

  #saySuspended(): void {
    this.#state = { at: 'suspended' };
    this.pipe.send({ kind: 'suspended', headEpoch: this.rules.loop.state.headEpoch });
  }

  /** Ends the stream; its node is not away for that, as it is to say hello again, or this head ends. */
  end(): void {
    const state = this.#state;
    if (state.at === 'closed') return;
    this.#state = { at: 'closed' };
    if (state.at === 'welcome') this.rules.links.close(state.link);
    this.pipe.end();
  }

  /** The stream is gone, or is to go. Idempotent. */
  close(): void {
    const state = this.#state;
    this.#state = { at: 'closed' };
    if (state.at === 'welcome' && this.rules.links.close(state.link)) {
      this.rules.watch.left(state.hello.node, { kind: 'stream-closed', stream: state.link.stream });
      this.rules.logger.info('an agent is gone', { node: state.hello.node });
    }
  }

  /** Asked after every wait: the state may have changed meanwhile. */
  #is(at: State['at']): boolean {
    return this.#state.at === at;
  }

  #heard(state: State): void {
    this.#lastHeardMs = this.rules.clock.monotonicMs();
    if (state.at === 'welcome') state.link.lastHeardMs = this.#lastHeardMs;
  }

  async #hello(hello: Hello): Promise<void> {
    const { loop, version } = this.rules;
    checkProtocol(hello.protocol, version);
    if (isOutranked(hello, loop.state.headEpoch, this.pipe.toldEpoch(hello.node))) {
      // It would close the stream at any word of this older headship; the stream ends when the head has raised its own.
      this.#state = { at: 'suspended' };
      loop.outranked(hello.newestHeadEpoch);
      return;
    }
    this.pipe.tell(hello.node, loop.state.headEpoch);
    if (loop.isSuspended) {
      this.#saySuspended();
      return;
    }
    this.#state = { at: 'catching-up', hello };
    const storedFact = await loop.turn((turn) => admit(turn, hello));
    if (!this.#is('catching-up')) return;
    this.pipe.send({ kind: 'hello-read', headEpoch: loop.state.headEpoch, storedFact });
    if (storedFact >= hello.newestFact) await this.#welcome(hello);
  }

  async #facts(facts: readonly Fact[]): Promise<void> {
    const state = this.#state;
    if (state.at !== 'catching-up' && state.at !== 'welcome') return this.#inbox.clear();
    const { hello } = state;
    let dealt: { storedFact: number; refused: readonly RefusedFact[] } = { storedFact: 0, refused: [] };
    await this.rules.loop.turn((turn) => {
      dealt = storeFacts(turn, hello, facts);
    });
    if (!this.#is('catching-up') && !this.#is('welcome')) return;
    for (const { number, why } of dealt.refused) this.rules.logger.warn('a fact was refused', { node: hello.node, number, why });
    this.pipe.send({ kind: 'ack', ...dealt });
    if (this.#is('catching-up') && dealt.storedFact >= hello.newestFact) await this.#welcome(hello);
  }

  async #welcome(hello: Hello): Promise<void> {
    const { loop, links, watch, executor, clock, logger } = this.rules;
    const stream = this.rules.newStreamId();
    const link: AgentLink = {
      node: hello.node,
      stream,
      lastHeardMs: clock.monotonicMs(),
      send: (message) => this.pipe.send(message),
      end: (why) => {
        logger.info('an agent is asked to connect again', { node: hello.node, why });
        this.close();
        this.pipe.end();
      },
    };
    // From here on the stream speaks for its node, so that two of them are not reconciled at once.
    this.#state = { at: 'welcome', hello, link };
    watch.back(hello.node);
    const verdicts = await this.#settled(hello, stream);
    if (verdicts === null || !this.#is('welcome')) {
      // Its loss is counted from here, as the count from before was ended; unless another stream speaks for it by now.
      if (this.#is('closed') && links.get(hello.node) === undefined) watch.left(hello.node, { kind: 'stream-closed', stream });
      return;
    }
    links.open(link);
    this.pipe.send({ kind: 'welcome', stream, headEpoch: loop.state.headEpoch, lowWater: loop.state.mark, verdicts });
    logger.info('an agent is connected', { node: hello.node, incarnation: hello.incarnation, leases: hello.leases.length });
    executor.derive(hello.node);
  }

  /** @returns null: it is not this stream's to settle any more */
  async #settled(hello: Hello, stream: StreamId): Promise<readonly LeaseVerdict[] | null> {
    while (this.#is('welcome')) {
      const verdicts = await this.rules.loop.turn((turn) => settleHello(turn, hello, stream));
      if (verdicts !== null) return verdicts;
      await this.pipe.nextRound();
    }
    return null;
  }

  #beat(state: State, beat: Extract<FromAgent, { kind: 'heartbeat' }>): void {
    const { loop, links, executor, logger } = this.rules;
    if (!loop.isRunning && !loop.isSuspended) return;
    this.pipe.send({ kind: 'echo', number: beat.number, headEpoch: loop.state.headEpoch });
    if (state.at !== 'welcome' || links.get(state.hello.node) !== state.link) return;
    const { node } = state.hello;
    const known = loop.state.nodes.get(node)?.entry.state;
    const said = saidState(beat);
    if (known === said) return;
    if (known === 'silent' || known === 'lost') {
      state.link.end(`it was ${known}: what of it was lost is told by the answer to a hello`);
      return;
    }
    const { natsConnected, isDraining } = beat;
    loop
      .turn((turn) => stepNodeIn(turn, node, { kind: 'heartbeat', stream: state.link.stream, natsConnected, isDraining }))
      .then(() => said === 'connected' && executor.derive(node))
      .catch((error: unknown) => logger.debug('a heartbeat could not be stored', { node, error }));
  }

  #guard(run: Promise<void>): void {
    run.catch((error: unknown) => this.#refuse(error));
  }

  #refuse(error: unknown): void {
    // The loop has told this stream already: it is suspended, or this head ends.
    if (this.#is('closed') || error instanceof StoreUnavailableError || error instanceof FencedError) return;
    const data = toErrorData(error);
    if (this.pipe.isNews(data.message)) this.rules.logger.warn('an agent was refused', { error: data });
    this.pipe.send({ kind: 'refused', error: data });
    this.close();
    this.pipe.end();
  }
}

/**
 * Has the agent obeyed another leadership whose head epoch is not below this one's? Then the database was restored from a backup. Of an
 * equal one it can only know from this head, unless the number was given out twice.
 */
function isOutranked({ newestHeadEpoch }: Hello, own: number, told: number | null): boolean {
  return newestHeadEpoch > own || (newestHeadEpoch === own && told !== own);
}

/**
 * Notes the hello, so that from here on no older stream is heard, by this head or the next; a new incarnation counts its
 * facts from 1.
 * @returns the number of the newest stored fact.
 */
function admit(turn: Turn, hello: Hello): number {
  const stored = turn.node(hello.node);
  const illegal = admitHello(stored?.entry ?? null, hello);
  if (illegal !== null) throw new AgentRefusedError('request.invalid', illegal.why, { node: hello.node });
  const { incarnation, number: helloNumber } = hello;
  if (stored?.entry.incarnation === incarnation) {
    turn.putNode({ ...stored, entry: { ...stored.entry, helloNumber } });
    return stored.storedFact;
  }
  // Without a stream it takes no work until it is reconciled.
  const entry = stored?.entry ?? newNode(hello, null, turn.now);
  turn.putNode({ entry: { ...entry, incarnation, helloNumber, state: 'silent', stream: null }, storedFact: 0 });
  return 0;
}

/** So many leases change in one turn: some milliseconds of work. */
const MOST_SETTLED = 200;

/**
 * Compares what the agent holds with what the head wants, and takes the node in. Until then the agent takes no placement, so that what
 * its hello says stays true.
 * @returns null: there is more to settle than one turn takes; what is done stays done (R5 of reconcile.ts)
 */
function settleHello(turn: Turn, hello: Hello, stream: StreamId): readonly LeaseVerdict[] | null {
  checkNewest(turn, hello);
  const rows = turn.state.leasesOf.of(hello.node).flatMap((id) => turn.lease(id) ?? []);
  const found = reconcile(hello, rows);
  const isWhole = found.events.length + found.gone.length <= MOST_SETTLED;
  const events = found.events.slice(0, MOST_SETTLED);
  for (const event of events) settleLease(turn, event);
  for (const id of found.gone.slice(0, MOST_SETTLED - events.length)) {
    const lease = turn.lease(id);
    if (lease !== undefined) leaseGone(turn, lease);
  }
  if (!isWhole) return null;
  stepNodeIn(turn, hello.node, { kind: 'hello', hello, stream });
  return found.verdicts;
}

function settleLease(turn: Turn, { lease, event }: ReconciledLease): void {
  const { holder } = lease;
  if (event.kind === 'ended') leaseEnded(turn, lease, event.cause);
  else if (event.kind === 'refused') refused(turn, lease, event.message);
  else {
    turn.stepLease(lease.id, event);
    if (holder.kind === 'rank' && (event.kind === 'reserved' || event.kind === 'started')) {
      turn.stepJob(holder.job, { kind: event.kind, attempt: holder.attempt, rank: holder.rank });
    }
  }
}
