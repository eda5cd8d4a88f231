/** Rows as columns of text, aligned, with a head line; numbers stay as they are given. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Text of others on one line: nothing in it moves the cursor, or tells the terminal anything else. */
export function plainText(text: string): string {
  return text.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** A bar of `width` characters for a share from 0 to 1. */
export function bar(share: number, width = 30): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return `${'█'.repeat(full)}${'░'.repeat(width - full)}`;
}

/** Seconds with one decimal below ten, else whole minutes and seconds. */
export function seconds(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

export function mebibytes(bytes: number): string {
  return bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** Names and values, one a line, the values aligned; null: left out. */
export function fieldsText(lines: readonly (readonly [string, string | null])[]): string {
  return lines
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name.padEnd(11)} ${value}`)
    .join('\n');
}

/** Milliseconds since 1970 as a time in UTC. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
