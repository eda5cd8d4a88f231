/** Where a command writes; tests give their own. */
export interface Output {
  readonly isTerminal: boolean;
  write(text: string): void;
}

/** How a command was asked to answer. */
export type Format = 'text' | 'json';

/** Prints `data` as one JSON document, or what `text` makes of it. */
export function print<T>(output: Output, format: Format, data: T, text: (data: T) => string): void {
  output.write(format === 'json' ? `${JSON.stringify(data, null, 2)}\n` : `${text(data)}\n`);
}
