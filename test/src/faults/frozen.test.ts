import { describe } from '@jest/globals';
import { provedBy } from './ground.js';

describe('a part is frozen', () => {
  provedBy([
    'an actor is frozen and thaws',
    'a rank is frozen',
    'head is frozen and thaws',
    'postgres is frozen and thaws',
    'the agent with a rank is frozen',
  ]);
});
