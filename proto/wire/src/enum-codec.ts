import { WireFormatError, type FieldPath } from './errors.js';

/** The members of a generated enum that carry a meaning: neither zero (UNSPECIFIED) nor -1 (UNRECOGNIZED). */
type Known<Wire extends number> = Wire extends unknown ? (`${Wire}` extends '0' | '-1' ? never : Wire) : never;

export interface EnumCodec<Model extends string, Wire extends number> {
  encode(value: Model): Wire;
  /** @throws WireFormatError for UNSPECIFIED and for a value this version does not know */
  decode(wire: Wire, at: FieldPath): Model;
}

/**
 * The codec of a string union and a generated enum, as `enumCodec<Model, Wire>()({ a: Wire.A })`. Its table does not compile
 * when either side has a member more than the other.
 */
export function enumCodec<Model extends string, Wire extends number>() {
  return <const Table extends Readonly<Record<Model, Known<Wire>>>>(
    table: Table & ([Known<Wire>] extends [Table[Model]] ? unknown : { readonly missing: Exclude<Known<Wire>, Table[Model]> }),
  ): EnumCodec<Model, Wire> => {
    const names = new Map<number, Model>((Object.entries(table) as [Model, number][]).map(([name, wire]) => [wire, name]));
    return {
      encode: (value) => table[value] as Wire,
      decode: (wire, at) => {
        const name = names.get(wire);
        if (name === undefined) throw new WireFormatError(at, wire === 0 ? 'is unspecified' : `${wire} is unknown`);
        return name;
      },
    };
  };
}
