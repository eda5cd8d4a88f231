import { describe } from '@jest/globals';
import { provedBy } from './ground.js';

describe('a part is killed', () => {
  provedBy([
    'an actor is killed',
    'a rank is killed',
    'head is killed and started again',
    'nats is killed and started again',
    'postgres is killed and started again',
    'gateway is killed and started again',
    'the agent with a rank is killed and started again',
    'the agent with a rank is killed and stays away',
  ]);
});
