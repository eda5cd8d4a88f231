import { PROTOCOL, type Hello, type TrainerError } from '@trainer/model';
import type { Logger } from '@trainer/runtime';
import type { Outbox } from '../facts/outbox.js';
import type { LeaseKeeper } from '../leases/lease-keeper.js';
import type { Condition, LinkOwner } from './head-link.js';

export interface OwnerParts {
  /** What each hello says that does not change while the agent runs. */
  readonly self: Pick<Hello, 'node' | 'incarnation' | 'host' | 'version' | 'capacity' | 'labels' | 'engines'>;
  readonly keeper: LeaseKeeper;
  readonly outbox: Outbox;
  readonly logger: Logger;
  readonly natsConnected: () => boolean;
  /** The head has reconciled a hello. */
  readonly onWelcome: () => void;
  /** The head refuses this agent for good; its actors are being ended. */
  readonly onRefused: (error: TrainerError) => void;
}

/** Joins the link to the head with what holds leases here: what the hello says, and what is done about what is heard. */
export function linkOwner({ self, keeper, outbox, logger, natsConnected, onWelcome, onRefused }: OwnerParts): LinkOwner {
  let hellos = 0;
  const condition = (): Condition => ({ natsConnected: natsConnected(), isDraining: keeper.ledger.isDraining });
  return {
    hello: () => ({
      ...self,
      protocol: PROTOCOL,
      number: (hellos += 1),
      leases: keeper.held(),
      newestFact: outbox.newest,
      newestHeadEpoch: keeper.ledger.newestHeadEpoch,
      ...condition(),
    }),
    condition,
    onHelloRead: (storedFact) => {
      if (outbox.resume(storedFact)) return true;
      logger.error('the head has lost facts that it had stored, as after a backup was restored; all actors are ended', { storedFact });
      void keeper.endAll({ kind: 'fact-refused', why: 'the head has lost facts that it had stored' }, 'kill');
      return false;
    },
    takeFacts: () => keeper.takeFacts(),
    onAcknowledged: (storedFact, facts) => keeper.acknowledged(storedFact, facts),
    hears: (headEpoch) => keeper.hears(headEpoch),
    onWelcome: ({ stream, lowWater, verdicts }) => {
      keeper.welcomed(stream, lowWater, verdicts);
      onWelcome();
    },
    onCommand: (command) => keeper.command(command),
    onDisconnected: () => {
      outbox.suspend();
      keeper.disconnected();
    },
    onBeat: (headlessInMs) => {
      keeper.beat();
      if (headlessInMs > 0) keeper.owned(headlessInMs);
      else if (keeper.held().length > 0) {
        logger.error('no head was heard for too long; all actors are ended', {});
        void keeper.endAll({ kind: 'owner-gone', owner: 'the head' }, 'kill');
      }
    },
    onRefused: (error) => {
      void keeper.endAll({ kind: 'owner-gone', owner: 'the head' }, 'kill');
      onRefused(error);
    },
  };
}
