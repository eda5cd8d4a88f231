export { detectSpawner, pdeathsigSpawner, watchdogSpawner } from './child-process.js';
export type { ChildSpec, Spawner } from './child-process.js';
export { watchParent } from './child-process-parent.js';
export type { ParentWatch } from './child-process-parent.js';
export { systemClock } from './system-clock.js';
export { timeScale } from './time-scale.js';
export type { TimeScale } from './time-scale.js';
export { sleep, until, WaitTimeoutError } from './waiting.js';
export type { UntilOptions } from './waiting.js';
export { deferred } from './deferred.js';
export type { Deferred } from './deferred.js';
export { Fifo } from './fifo.js';
export { backoff } from './backoff.js';
export type { Backoff, BackoffOptions, Random } from './backoff.js';
export { newActorId, newHeadId, newJobId, newNodeId, newSessionId, newStreamId } from './random-ids.js';
export type { RandomBytes } from './random-ids.js';
export { createLogger, silentLogger } from './logger.js';
export type { LogFields, Logger, LoggerOptions, LogLevel } from './logger.js';
export { ConfigError, envBytes, envInteger, envNumber, readEnv } from './config.js';
export type { Config, ConfigLayer, ConfigProblem, Env, PortRange } from './config.js';
export {
  closeClient,
  closeServer,
  listen,
  ListenError,
  MAX_MESSAGE_BYTES,
  MissingSecretError,
  openClient,
  openServer,
  secretCheck,
  WrongSecretError,
} from './grpc.js';
export type { ChannelSettings, ServerSettings } from './grpc.js';
export { MessagesUnavailableError } from './messages.js';
export type { Messages, MessagesProblem, Subscription } from './messages.js';
export { connectMessages } from './nats.js';
export type { NatsOptions } from './nats.js';
export { EarlyMessages, MessagesRefusedError, openMessages } from './open-messages.js';
