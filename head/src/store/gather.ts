import type { Change } from './cluster-store.js';
import { rowsOf, TABLE_NAMES, TABLES } from './rows.js';
import type { Table, TableName } from './rows.js';
import type { Statement } from './transaction.js';

/** So much JSON is made in one go, in about a millisecond; then the event loop has its turn. */
const GO_CHARS = 256 * 1024;

/** The first of some changes, as statements of one transaction. */
export interface Gathered {
  readonly statements: readonly Statement[];
  /** How many changes they hold. */
  readonly count: number;
}

/**
 * The statements that write these changes, in their order, or as many of the first as have about `maxChars` of JSON together; at least one.
 * The rows are the statements' parameters. Of a row given several times the last one is written, as one statement may not meet a row
 * twice. `giveWay` is awaited between pieces of the work, so that much of it stops nobody.
 */
export async function gather(changes: readonly Change[], maxChars: number, giveWay: () => Promise<void>): Promise<Gathered> {
  const tables = new Map<TableName, Map<string, string>>();
  let [count, chars, since] = [0, 0, 0];
  for (const change of changes) {
    for (const name of TABLE_NAMES) {
      for (const [key, row] of rowsOf(name, change)) {
        const json = toJson(row);
        const rows = tables.get(name) ?? new Map<string, string>();
        tables.set(name, rows.set(key, json));
        chars += json.length;
        since += json.length;
        if (since >= GO_CHARS) {
          since = 0;
          await giveWay();
        }
      }
    }
    count += 1;
    if (chars >= maxChars) break;
  }
  return { count, statements: TABLE_NAMES.flatMap((name) => statement(TABLES[name], tables.get(name))) };
}

function statement(table: Table, rows: ReadonlyMap<string, string> | undefined): Statement[] {
  if (rows === undefined) return [];
  const columns = Object.entries(table.columns).map(([name, type]) => `${name} ${type}`);
  return [
    { text: table.write(`jsonb_to_recordset($1::jsonb) AS x(${columns.join(', ')})`), values: [`[${[...rows.values()].join(',')}]`] },
  ];
}

/**
 * JSON as jsonb takes it: it refuses U+0000 and lone surrogates, which user texts (column names, messages of thrown
 * errors) may hold; they become U+FFFD. Bigints become texts.
 */
export function toJson(value: unknown): string {
  const text = stringified(value);
  // Neither is written but as an escape, and hardly any text has one: to look for it costs a hundredth of the replacing.
  if (!text.includes('\\u')) return text;
  return text.replace(/\\\\|\\u(?:0000|d[89a-f][0-9a-f]{2})/g, (match) => (match === '\\\\' ? match : '\\ufffd'));
}

/** A replacer makes it several times slower, and only a value of a user is ever a bigint. */
function stringified(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
  }
}
