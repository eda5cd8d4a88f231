import { describe, expect, test } from '@jest/globals';
import { DATE_SPELLINGS, datesOf, secondsOf, type DateSpelling } from './dates.js';

const iso = (text: string): number => Date.parse(text) / 1000;

describe('a date in each spelling', () => {
  test.each<[DateSpelling, string, string]>([
    ['YYYY-MM-DD', '2024-02-29', '2024-02-29T00:00Z'],
    ['YYYY-MM-DD', '2024-02-29 23:59', '2024-02-29T23:59Z'],
    ['YYYY-MM-DD', '2024-02-29T23:59:59.250Z', '2024-02-29T23:59:59.250Z'],
    ['YYYY-MM-DD', '2024-02-29T00:00:00+05:30', '2024-02-28T18:30Z'],
    ['YYYY-MM-DD', '2024-02-29 00:00:00-0800', '2024-02-29T08:00Z'],
    ['YYYY-MM-DD', '0001-01-01', '0001-01-01T00:00Z'],
    ['YYYY-MM-DD', '9999-12-31', '9999-12-31T00:00Z'],
    ['YYYY/MM/DD', '2024/2/9', '2024-02-09T00:00Z'],
    ['DD/MM/YYYY', '31/1/2024 7:05', '2024-01-31T07:05Z'],
    ['MM/DD/YYYY', '1/31/2024 12:05 AM', '2024-01-31T00:05Z'],
    ['MM/DD/YYYY', '1/31/2024 12:05:09 pm', '2024-01-31T12:05:09Z'],
    ['DD.MM.YYYY', '31.01.2024', '2024-01-31T00:00Z'],
    ['DD-MM-YYYY', '31-01-2024', '2024-01-31T00:00Z'],
    ['MM-DD-YYYY', '01-31-2024', '2024-01-31T00:00Z'],
    ['DD Month YYYY', '31-Jan-2024', '2024-01-31T00:00Z'],
    ['DD Month YYYY', '1 september 2024', '2024-09-01T00:00Z'],
    ['Month DD, YYYY', 'Dec 31, 1969', '1969-12-31T00:00Z'],
  ])('%s: %s', (spelling, text, expected) => {
    expect(secondsOf(text, spelling)).toBe(iso(expected));
    expect(datesOf([text])).toMatchObject({ kind: 'dates', spelling });
  });
});

test.each([
  '2024-99-99',
  '2023-02-29',
  '2024-00-10',
  '0000-01-01',
  '2024-1-31',
  '2024-01-31 24:00',
  '2024-01-31 10:60',
  '2024-01-31T',
  '13:05',
])('%s is no date', (text) => expect(datesOf([text])).toEqual({ kind: 'none' }));
test.each(['1/31/2024 13:00 PM', '1/31/2024 0:10 AM', '2024-01-31 10:00+15:00'])('%s has no such time', (text) =>
  expect(datesOf([text])).toEqual({ kind: 'none' }),
);
test('day and month are told apart by any one row', () => {
  expect(datesOf(['1/2/2024', '3/4/2024', '13/4/2024'])).toMatchObject({ kind: 'dates', spelling: 'DD/MM/YYYY' });
  expect(datesOf(['1/2/2024', '3/4/2024', '4/13/2024'])).toMatchObject({ kind: 'dates', spelling: 'MM/DD/YYYY' });
});
test('where no row tells them apart it is said which two spellings fit', () => {
  expect(datesOf(['1/2/2024', '3/4/2024'])).toEqual({ kind: 'ambiguous', spellings: ['DD/MM/YYYY', 'MM/DD/YYYY'] });
});
test('two spellings in a column are no dates, in whatever order', () => {
  expect(datesOf(['13/4/2024', '4/13/2024'])).toEqual({ kind: 'none' });
  expect(datesOf(['2024-01-31', '31.01.2024'])).toEqual({ kind: 'none' });
  expect(datesOf(['31.01.2024', '2024-01-31'])).toEqual({ kind: 'none' });
});
test('the patterns have the groups in the order that exported files count on', () => {
  for (const { pattern } of Object.values(DATE_SPELLINGS)) expect(new RegExp(`${pattern}|`).exec('')).toHaveLength(10);
});
