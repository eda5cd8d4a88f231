import { expect, test } from '@jest/globals';
import { News } from './news.js';

test('the same is news once a minute, and something else is news at once', () => {
  const news = new News();
  expect([news.is('a', 0), news.is('a', 100), news.is('b', 100), news.is('a', 59_999), news.is('a', 60_000)]).toEqual([
    true,
    false,
    true,
    false,
    true,
  ]);
});

test('of many different things the oldest are forgotten', () => {
  const news = new News();
  for (let i = 0; i <= 1_000; i += 1) news.is(`${i}`, 0);
  expect([news.is('0', 1), news.is('1000', 1)]).toEqual([true, false]);
});
