/** @returns the text, cut where it is longer; never within a surrogate pair */
export function short(text: string, chars: number): string {
  if (text.length <= chars) return text;
  return `${text.slice(0, chars - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** Sentences for an answer: each once, and both their number and their length bounded. */
export class Sentences {
  readonly #said = new Set<string>();

  constructor(
    private readonly most: number,
    private readonly chars: number,
  ) {}

  add(sentences: readonly string[]): void {
    for (const sentence of sentences) if (this.#said.size < this.most) this.#said.add(short(sentence, this.chars));
  }

  get hasRoom(): boolean {
    return this.#said.size < this.most;
  }

  get all(): readonly string[] {
    return [...this.#said];
  }
}
