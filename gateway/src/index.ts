export { startGateway, type Gateway } from './start.js';
export type { GatewayParts } from './gateway.module.js';
export type { GatewaySettings } from './config.js';
export type { ColumnProfileView, DatasetProfileView } from './data/profile.answers.js';
