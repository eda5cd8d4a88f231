/** Numbers that a tensor may hold, by safetensors' names. */
const KINDS = { F64: Float64Array, F32: Float32Array, I32: Int32Array } as const;
type Kind = keyof typeof KINDS;

/** A tensor, row-major. */
export interface TensorForm {
  readonly dtype: Kind;
  readonly shape: readonly number[];
}
export type TensorForms = Readonly<Record<string, TensorForm>>;
export type TensorViews<Forms extends TensorForms> = { readonly [Name in keyof Forms]: InstanceType<(typeof KINDS)[Forms[Name]['dtype']]> };

type TensorPlace = TensorForm & { readonly data_offsets: readonly [from: number, to: number] };

/** The file begins with the length of its head; before the first tensor it is filled up to a multiple. */
const [LENGTH_BYTES, ALIGNMENT] = [8, 8];

/**
 * A safetensors file (huggingface/safetensors, format 0.4): a JSON head with texts, then the numbers, little-endian. Give tensors of
 * larger numbers first, so that each begins at a multiple of their size.
 * @returns its bytes, whose tensors are zeros, and views of them to be written to
 */
export function layOutTensors<Forms extends TensorForms>(
  texts: Readonly<Record<string, string>>,
  forms: Forms,
): { readonly bytes: Uint8Array<ArrayBuffer>; readonly tensors: TensorViews<Forms> } {
  let at = 0;
  const places = Object.entries(forms).map(([name, { dtype, shape }]): [string, TensorPlace] => {
    const from = at;
    at += lengthOf(shape) * KINDS[dtype].BYTES_PER_ELEMENT;
    return [name, { dtype, shape, data_offsets: [from, at] }];
  });
  const text = Buffer.from(JSON.stringify({ __metadata__: texts, ...Object.fromEntries(places) }));
  const headBytes = Math.ceil(text.length / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(LENGTH_BYTES + headBytes + at);
  bytes.fill(0x20, LENGTH_BYTES + text.length, LENGTH_BYTES + headBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headBytes), true);
  bytes.set(text, LENGTH_BYTES);
  const views = places.map(([name, place]) => [name, viewOf(bytes, LENGTH_BYTES + headBytes, place)]);
  return { bytes, tensors: Object.fromEntries(views) as TensorViews<Forms> };
}

/** What `layOutTensors` laid out: texts, and each tensor's shape and numbers. */
export function readTensors<Forms extends TensorForms>(
  file: Uint8Array,
): {
  readonly texts: Readonly<Record<string, string>>;
  readonly shapes: { readonly [Name in keyof Forms]: readonly number[] };
  readonly tensors: TensorViews<Forms>;
} {
  const bytes = isAligned(file) ? file : new Uint8Array(file);
  const headBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const head = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset + LENGTH_BYTES, headBytes).toString()) as Record<string, unknown>;
  const { __metadata__: texts, ...rest } = head;
  const places = Object.entries(rest as Record<string, TensorPlace>);
  const views = places.map(([name, place]) => [name, viewOf(bytes, LENGTH_BYTES + headBytes, place)]);
  return {
    texts: texts as Readonly<Record<string, string>>,
    shapes: Object.fromEntries(places.map(([name, { shape }]) => [name, shape])) as { [Name in keyof Forms]: readonly number[] },
    tensors: Object.fromEntries(views) as TensorViews<Forms>,
  };
}

function viewOf({ buffer, byteOffset }: Uint8Array<ArrayBuffer>, start: number, { dtype, shape, data_offsets: [from] }: TensorPlace) {
  return new KINDS[dtype](buffer, byteOffset + start + from, lengthOf(shape));
}

function lengthOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Views of its numbers can be made where it lies. */
function isAligned(file: Uint8Array): file is Uint8Array<ArrayBuffer> {
  return file.byteOffset % ALIGNMENT === 0 && file.buffer instanceof ArrayBuffer;
}
