/** What JSON can hold. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };
export type JsonObject = { readonly [name: string]: JsonValue };

/** The card's parts that the exporter does not know itself; keys in snake_case, as REST writes them. */
export interface CardFacts {
  /** Job id, attempt, created_at and the like: the card is the only file that may name them. */
  readonly job: JsonObject;
  readonly request: JsonObject;
  readonly dataFingerprint: string;
  /** The table's columns and their types, what was dropped, rows and gaps. */
  readonly schema: JsonObject;
  readonly split: JsonObject;
  readonly seed: number;
  /** Of Trainer, Node and the engine. */
  readonly versions: JsonObject;
  /** Of the kept epoch. */
  readonly metrics: JsonObject;
  readonly baseline: JsonObject;
  /** Platform, processor, threads, device. */
  readonly environment: JsonObject;
}
