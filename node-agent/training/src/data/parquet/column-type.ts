import type { SchemaElement } from 'hyparquet';

/** What the file says that a column holds. */
export type ParquetKind = 'integer' | 'long' | 'float' | 'boolean' | 'date' | 'text';

/** How a value lies in the file: what of its bytes makes its number. */
export type ParquetForm =
  | { readonly as: 'boolean' | 'int32' | 'uint32' | 'int64' | 'uint64' | 'float' | 'double' | 'half' | 'days' | 'int96' | 'text' | 'uuid' }
  | { readonly as: 'timestamp'; readonly unitsPerSecond: number }
  | { readonly as: 'decimal'; readonly scale: number; readonly bytes: 'int32' | 'int64' | 'fixed' | 'counted' };

/** A type of a table's columns, or the name of one that no table of numbers, texts, booleans and dates has. */
export type ColumnType =
  { readonly kind: ParquetKind; readonly form: ParquetForm; readonly name: string } | { readonly kind: null; readonly name: string };

/** What a column of one value a row holds (Parquet's LogicalTypes.md); the names are those of SQL. */
export function columnType(element: SchemaElement): ColumnType {
  const { type, converted_type: converted, logical_type: logical } = element;
  const said = logical?.type ?? converted;
  if (said === 'DECIMAL') return decimalType(element);
  switch (type) {
    case 'BOOLEAN':
      return { kind: 'boolean', form: { as: 'boolean' }, name: 'BOOLEAN' };
    case 'INT32':
      if (said === 'DATE') return { kind: 'date', form: { as: 'days' }, name: 'DATE' };
      if (said === 'TIME' || said === 'TIME_MILLIS') return { kind: null, name: 'TIME' };
      return { kind: 'integer', form: { as: isUnsigned(element, 32) ? 'uint32' : 'int32' }, name: 'INTEGER' };
    case 'INT64':
      if (said === 'TIME' || said === 'TIME_MICROS') return { kind: null, name: 'TIME' };
      if (said?.startsWith('TIMESTAMP')) return timestampType(element);
      return { kind: 'long', form: { as: isUnsigned(element, 64) ? 'uint64' : 'int64' }, name: 'BIGINT' };
    case 'INT96':
      return { kind: 'date', form: { as: 'int96' }, name: 'TIMESTAMP' };
    case 'FLOAT':
    case 'DOUBLE':
      return { kind: 'float', form: { as: type === 'FLOAT' ? 'float' : 'double' }, name: type };
    case 'FIXED_LEN_BYTE_ARRAY':
      if (said === 'FLOAT16') return { kind: 'float', form: { as: 'half' }, name: 'FLOAT' };
      if (said === 'UUID') return { kind: 'text', form: { as: 'uuid' }, name: 'UUID' };
      return { kind: null, name: said === 'INTERVAL' ? 'INTERVAL' : 'BLOB' };
    default:
      return said && TEXTS.has(said) ? { kind: 'text', form: { as: 'text' }, name: 'VARCHAR' } : { kind: null, name: 'BLOB' };
  }
}

const TEXTS: ReadonlySet<string> = new Set(['UTF8', 'STRING', 'ENUM', 'JSON']);

function isUnsigned({ converted_type: converted, logical_type: logical }: SchemaElement, bits: number): boolean {
  if (logical?.type === 'INTEGER') return !logical.isSigned && logical.bitWidth === bits;
  return converted === `UINT_${bits}`;
}

function timestampType({ converted_type: converted, logical_type: logical }: SchemaElement): ColumnType {
  const unit = logical?.type === 'TIMESTAMP' ? logical.unit : converted === 'TIMESTAMP_MILLIS' ? 'MILLIS' : 'MICROS';
  return { kind: 'date', form: { as: 'timestamp', unitsPerSecond: { MILLIS: 1e3, MICROS: 1e6, NANOS: 1e9 }[unit] }, name: 'TIMESTAMP' };
}

function decimalType({ type, scale: converted = 0, logical_type: logical }: SchemaElement): ColumnType {
  const scale = logical?.type === 'DECIMAL' ? logical.scale : converted;
  const bytes = type === 'INT32' ? 'int32' : type === 'INT64' ? 'int64' : type === 'BYTE_ARRAY' ? 'counted' : 'fixed';
  return { kind: 'float', form: { as: 'decimal', scale, bytes }, name: 'DECIMAL' };
}

/** An element of the schema with those inside it. */
export interface SchemaNode {
  readonly element: SchemaElement;
  readonly children: readonly SchemaNode[];
}

/** The root of the schema, which is written depth first, each element with the number of its children. */
export function schemaRoot(elements: readonly SchemaElement[]): SchemaNode {
  let at = 0;
  const node = (): SchemaNode => {
    const element = elements[at];
    if (!element) throw new Error('the schema ends early');
    at += 1;
    return { element, children: Array.from({ length: element.num_children ?? 0 }, node) };
  };
  return node();
}

/** The name of the type of a column, nested ones as SQL writes them: `INTEGER[]`, `STRUCT(a INTEGER)`. */
export function typeName({ element, children }: SchemaNode): string {
  const name = children.length === 0 ? columnType(element).name : nestedName(element, children);
  return element.repetition_type === 'REPEATED' ? `${name}[]` : name;
}

function nestedName(element: SchemaElement, children: readonly SchemaNode[]): string {
  const [only] = children;
  const said = element.logical_type?.type ?? element.converted_type;
  if (said === 'LIST' && only) {
    // The middle level of a list has no name of its own, but in old files, where it is the entry itself.
    const [entry] = only.children;
    return `${entry && only.children.length === 1 ? typeName(entry) : typeName({ ...only, element: { ...only.element, repetition_type: 'REQUIRED' } })}[]`;
  }
  if ((said === 'MAP' || said === 'MAP_KEY_VALUE') && only) return `MAP(${only.children.map(typeName).join(', ')})`;
  return `STRUCT(${children.map((child) => `${child.element.name} ${typeName(child)}`).join(', ')})`;
}
