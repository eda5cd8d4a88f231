import { describe } from '@jest/globals';
import { provedBy } from './ground.js';

describe('a link is cut', () => {
  provedBy([
    'the link head-postgres is cut and heals',
    'the link head-nats is cut and heals',
    'the link of NATS and agent is cut and heals',
    'the link gateway-head is cut and heals',
    'the link of head and agent is cut',
  ]);
});
