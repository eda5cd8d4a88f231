export { lockDataFolder, namingTheDisk, openDataFolder, shortOfRoom } from './data-folder.js';
export type { DataFolder } from './data-folder.js';
export type { EmbeddedServer, EmbeddedServerOptions } from './embedded-server.js';
export {
  DataFolderAccessError,
  DataFolderInUseError,
  DataFolderVersionError,
  DiskFullError,
  NoFreePortError,
  ServerFailedError,
  ServerUnavailableError,
} from './errors.js';
export { findNatsServer, startNats } from './nats.js';
export type { NatsServerPlaces } from './nats.js';
export { portOwner, portPicker } from './ports.js';
export type { PortOwner, PortPicker, PortRange } from './ports.js';
export { startPostgres } from './postgres.js';
export { RESTARTS, SupervisedServer } from './supervised-server.js';
export type { RestartPolicy, ServerListener, ServerProgram, StopRung } from './supervised-server.js';
