import { EventEmitter } from 'node:events';
import { INLINE_STATE_BYTES } from '@trainer/model';
import type {
  ActorStart,
  Begin,
  FromActorProcess,
  LeaseHolder,
  Millis,
  ProcessStart,
  RankReport,
  StoredFile,
  Timer,
  ToActorProcess,
  TrainingResult,
} from '@trainer/model';
import type { ActorChild } from '@trainer/agent/internal';
import { sleep } from '@trainer/runtime';
import type { SimObjects } from './objects.js';
import { Machine, SimProcess } from './world.js';

/** What a message is said to take on the channel. */
const MESSAGE_BYTES = 100;

/** How a process behaves; drawn when it starts. */
interface Temper {
  readonly constructorMs: Millis;
  /** What it heeds: a stop asked for, SIGTERM, nothing. */
  readonly heeds: 'ask' | 'term' | 'kill';
  readonly stopMs: Millis;
  readonly fails: boolean;
  /** After its end others of its group live on so long. */
  readonly groupMs: Millis;
  /** How large its states are, and how many metrics its reports have. */
  readonly stateBytes: number;
  readonly metrics: number;
}

/** What a process knows of the rest of the cluster, and what is told of it. */
export interface Surroundings {
  gone(child: SimChild): void;
  /** Does the process at this address live? */
  isAlive(address: string): boolean;
  restored(child: SimChild, calls: number): void;
  /** A call was answered; the state after it has that number. */
  answered(child: SimChild, calls: number): void;
}

/** A simulated process of an actor or a rank: what its agent sees of a child process, and what it does by itself. */
export class SimChild extends EventEmitter {
  readonly process: SimProcess;
  readonly stdout = null;
  readonly stderr = null;
  connected = true;
  holder: LeaseHolder | null = null;
  isGroupAlive = true;
  readonly #temper: Temper;
  #owner: Timer | null = null;
  #ipcMs = 0;
  #reports = 0;
  readonly #dealt = new Map<number, (refused: string | null) => void>();
  /** How often this actor was called, over all its incarnations: its state. */
  #calls = 0;
  #begin: ((begin: Begin) => void) | null = null;
  #beats: Timer | null = null;
  #isEnding = false;
  #isWorking = true;

  constructor(
    readonly pid: number,
    readonly agent: SimProcess,
    private readonly objects: SimObjects,
    private readonly modelsBucket: string,
    private readonly surroundings: Surroundings,
  ) {
    super();
    const { world } = agent;
    const { random } = world;
    this.process = new SimProcess(world, `process ${pid}`, new Machine(agent.machine.name));
    this.#temper = {
      constructorMs: random.chance(0.05) ? random.int(1_000, 20_000) : random.int(20, 400),
      heeds: random.chance(0.8) ? 'ask' : random.chance(0.5) ? 'term' : 'kill',
      stopMs: random.int(1, 300),
      fails: random.chance(0.04),
      groupMs: random.chance(0.1) ? random.int(1, 200) : 0,
      stateBytes: random.chance(0.9) ? 0 : (random.pick([1_000, INLINE_STATE_BYTES - 1, INLINE_STATE_BYTES]) ?? 0),
      metrics: random.chance(0.9) ? 0 : (random.pick([1, 100, 1_000]) ?? 0),
    };
    // It is told to die with its agent by the system, frozen or not.
    agent.onKilled(() => void world.after(random.int(0, 10), () => this.#die('SIGKILL')));
  }

  get asStarted(): ActorChild {
    return {
      process: this as unknown as ActorChild['process'],
      channel: {
        listen: ({ onMessage, onClosed }) => {
          this.on('message', (message: FromActorProcess) => onMessage(message, MESSAGE_BYTES));
          this.on('exit', onClosed);
        },
        send: (message) => this.connected && this.send(message),
      },
    };
  }

  /** From the agent, over the channel. */
  send(message: ToActorProcess): void {
    this.#later(() => this.process.io(() => this.#onMessage(message)));
  }

  kill(signal: NodeJS.Signals): boolean {
    return this.signal(signal);
  }

  /** @returns false when no process of the group is left. */
  signal(signal: NodeJS.Signals): boolean {
    if (!this.isGroupAlive) return false;
    const { world } = this.process;
    if (signal === 'SIGKILL') world.after(world.random.next() * 3, () => this.#die('SIGKILL'));
    else if (this.#temper.heeds !== 'kill') this.process.io(() => this.#end('SIGTERM'));
    return true;
  }

  crash(how: 'SIGKILL' | 'SIGSEGV' | number): void {
    this.#die(how);
  }

  #later(call: () => void): void {
    const { world } = this.process;
    // Messages of a channel keep their order.
    this.#ipcMs = Math.max(this.#ipcMs, world.nowMs + world.random.next());
    world.after(this.#ipcMs - world.nowMs, call);
  }

  #say(message: FromActorProcess): void {
    this.#later(() => this.agent.io(() => this.emit('message', message)));
  }

  #onMessage(message: ToActorProcess): void {
    switch (message.kind) {
      case 'start':
        void this.#start(message.start);
        return;
      case 'begin':
        this.#begin?.(message.begin);
        this.#begin = null;
        return;
      case 'stop':
        if (this.#temper.heeds === 'ask') this.process.clock.after(this.#temper.stopMs, () => this.#end(0));
        return;
      case 'reported':
        this.#dealt.get(message.number)?.(message.refused);
        this.#dealt.delete(message.number);
        return;
      case 'owned':
        this.#owner?.cancel();
        this.#owner = this.process.clock.after(message.leftMs, () => {
          this.#say({ kind: 'failed', cause: { kind: 'owner-gone', owner: 'its agent' } });
          this.#end('SIGKILL');
        });
    }
  }

  async #start(start: ProcessStart): Promise<void> {
    const { clock } = this.process;
    this.holder = start.holder;
    this.process.world.isChanged = true;
    const begun = new Promise<Begin>((resolve) => {
      this.#begin = resolve;
    });
    if (start.beatMs !== null) this.#beat(start.beatMs);
    await sleep(clock, this.#temper.constructorMs);
    if (this.#temper.fails) {
      const error = { name: 'Error', message: 'no', stack: '', fields: {} };
      this.#say({ kind: 'failed', cause: { kind: 'constructor-threw', error } });
      this.#end(1);
      return;
    }
    this.#say({ kind: 'ready', address: `${this.process.machine.name}:${this.pid}` });
    if (start.holder.kind === 'rank') await this.#train(await begun, start.holder);
    else if (start.actor !== null) await this.#serve(start.actor);
  }

  /** An actor that is called now and then, and stores its state before each answer. */
  async #serve({ state }: ActorStart): Promise<void> {
    const { world, clock } = this.process;
    this.#calls = state?.kind === 'inline' ? Number(Buffer.from(state.bytes).toString()) : 0;
    this.surroundings.restored(this, this.#calls);
    for (;;) {
      await sleep(clock, world.random.int(200, 6_000));
      this.#calls += 1;
      const calls = this.#calls;
      const number = (this.#reports += 1);
      this.#say({ kind: 'state', number, state: { kind: 'inline', bytes: Buffer.from(String(calls).padEnd(this.#temper.stateBytes)) } });
      await this.#whenDealt(number);
      this.surroundings.answered(this, calls);
    }
  }

  #beat(everyMs: Millis): void {
    this.#beats = this.process.clock.after(everyMs, () => {
      this.#say({ kind: 'beat', step: null });
      this.#beat(everyMs);
    });
  }

  /** The ranks of an attempt are joined, and see each other's end; as engines do, some say so, some only end. */
  #watchPeers({ peers }: Begin): void {
    const { random } = this.process.world;
    this.process.clock.after(random.int(50, 500), () => {
      if (this.#isEnding || peers.every((peer) => this.surroundings.isAlive(peer))) {
        if (!this.#isEnding) this.#watchPeers({ peers } as Begin);
        return;
      }
      this.#isWorking = false;
      const error = { code: 'rank.peer-lost', message: 'a peer is gone', facts: { how: 'lost' }, retry: 'same' } as const;
      if (random.chance(0.5)) void this.#report({ kind: 'failed', error }).then(() => this.#end(1));
      else this.#end(1);
    });
  }

  /** Rank 0 tells what it does; the others work along. */
  async #train(begin: Begin, holder: Extract<LeaseHolder, { kind: 'rank' }>): Promise<void> {
    const { random } = this.process.world;
    if (begin.peers.length > 1) this.#watchPeers(begin);
    if (begin.rank !== 0) return;
    const epochs = random.int(1, 6);
    await this.#report({ kind: 'phase', phase: 'loading' });
    await this.#report({ kind: 'phase', phase: 'training' });
    for (let epoch = 1; epoch <= epochs && this.#isWorking; epoch += 1) {
      await sleep(this.process.clock, random.int(50, 900));
      const metrics = {
        epoch,
        trainLoss: holder.attempt,
        valLoss: null,
        trainAccuracy: null,
        valAccuracy: null,
        learningRate: null,
        additional: Object.fromEntries(Array.from({ length: this.#temper.metrics }, (_, n) => [`metric_${n}`, n / 3])),
      };
      await this.#report({ kind: 'epoch', metrics, done: epoch / (epochs + 1) });
      if (random.chance(0.3))
        await this.#report({ kind: 'checkpoint', checkpoint: { epoch, file: this.#file(holder, 'checkpoint', '.ckpt'), metrics: {} } });
    }
    if (!this.#isWorking) return;
    await this.#report({ kind: 'phase', phase: 'exporting' });
    await sleep(this.process.clock, random.int(10, 500));
    const files = [this.#file(holder, 'onnx', '.onnx'), this.#file(holder, 'pkl', '.pkl')];
    await this.#report({ kind: 'result', result: resultOf(files, epochs) });
    this.#say({ kind: 'finished' });
    this.#end(0);
  }

  #file({ job, attempt }: Extract<LeaseHolder, { kind: 'rank' }>, role: StoredFile['role'], ending: string): StoredFile {
    const key = `attempts/${job}/${attempt}/x${ending}`;
    this.objects.put(this.modelsBucket, key, 1);
    return { role, key, bytes: 1, sha256: 'a'.repeat(64), ending };
  }

  /** Returns once the head has dealt with it; where it was refused the agent ends this process. */
  #report(report: RankReport): Promise<void> {
    const number = (this.#reports += 1);
    this.#say({ kind: 'report', number, report });
    return this.#whenDealt(number);
  }

  #whenDealt(number: number): Promise<void> {
    return new Promise((resolve) => {
      this.#dealt.set(number, (refused) => {
        if (refused === null) resolve();
      });
    });
  }

  #end(how: number | NodeJS.Signals): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    // What it said last is read before its end.
    this.#later(() => this.#die(how));
  }

  #die(how: number | NodeJS.Signals): void {
    if (!this.process.isAlive) return;
    const { world } = this.process;
    this.#beats?.cancel();
    this.process.kill();
    this.connected = false;
    world.after(this.#temper.groupMs, () => {
      this.isGroupAlive = false;
      world.isChanged = true;
      this.surroundings.gone(this);
    });
    const [code, signal] = typeof how === 'number' ? [how, null] : [null, how];
    this.#later(() => this.agent.io(() => this.emit('exit', code, signal)));
  }
}

function resultOf(files: readonly StoredFile[], epochs: number): TrainingResult {
  return {
    files,
    metrics: {},
    keptEpoch: epochs,
    lastEpoch: epochs,
    signature: { inputs: [], outputs: [] },
    classes: null,
    featureImportance: null,
    dataFingerprint: 'f',
    verified: { rows: 1, tiedRows: 0 },
    selectedOnValidation: false,
    baseline: {},
    trainingMs: 1,
  };
}
