/**
 * Writes ONNX files (IR version 10) message by message; the field numbers are those of the ONNX specification's onnx.proto.
 * Only what our graphs use.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** TensorProto.DataType. */
export const ELEMENT_TYPES = { float: 1, uint8: 2, int64: 7, string: 8, double: 11 } as const;
export type ElementType = keyof typeof ELEMENT_TYPES;

/** A constant; its values lie row-major. */
export type OnnxTensor = { readonly name: string; readonly shape: readonly number[] } & (
  | { readonly type: 'float'; readonly values: Float32Array }
  | { readonly type: 'double'; readonly values: Float64Array }
  | { readonly type: 'uint8'; readonly values: Uint8Array }
  | { readonly type: 'int64'; readonly values: BigInt64Array }
  | { readonly type: 'string'; readonly values: readonly string[] }
);

/** `ints` are whole numbers from 0 up. */
export type OnnxAttribute = { readonly name: string } & (
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'ints'; readonly values: Int32Array | Uint8Array }
  | { readonly kind: 'strings'; readonly values: readonly string[] }
  | { readonly kind: 'tensor'; readonly tensor: OnnxTensor }
);

export interface OnnxNode {
  readonly operator: string;
  /** Empty: the standard operators. */
  readonly domain: '' | 'ai.onnx.ml';
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly OnnxAttribute[];
}

/** An input or output; null in the shape is the number of rows. */
export interface OnnxValue {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | null)[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly constants: readonly OnnxTensor[];
  readonly nodes: readonly OnnxNode[];
}

/** The IR version that came with ai.onnx.ml 5 (ONNX 1.16). */
const IR_VERSION = 10;
/** Of the standard operators we use, all are as in version 13; higher numbers would only shut out older runtimes. */
const OPSETS = [
  { domain: '', version: 13 },
  { domain: 'ai.onnx.ml', version: 5 },
];

/** @returns the bytes of a model file; equal graphs give equal bytes. */
export function encodeModel(graph: OnnxGraph, metadata: readonly (readonly [string, string])[]): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).uint32(IR_VERSION);
  text(writer, 2, 'trainer');
  bytes(writer, 7, encodeGraph(graph));
  for (const { domain, version } of OPSETS) {
    const opset = new BinaryWriter();
    text(opset, 1, domain);
    opset.tag(2, WireType.Varint).uint32(version);
    bytes(writer, 8, opset.finish());
  }
  for (const [key, value] of metadata) {
    const entry = new BinaryWriter();
    text(entry, 1, key);
    text(entry, 2, value);
    bytes(writer, 14, entry.finish());
  }
  return writer.finish();
}

function encodeGraph(graph: OnnxGraph): Uint8Array {
  const writer = new BinaryWriter();
  for (const node of graph.nodes) bytes(writer, 1, encodeNode(node));
  text(writer, 2, graph.name);
  for (const constant of graph.constants) bytes(writer, 5, encodeTensor(constant));
  for (const input of graph.inputs) bytes(writer, 11, encodeValue(input));
  for (const output of graph.outputs) bytes(writer, 12, encodeValue(output));
  return writer.finish();
}

function encodeNode(node: OnnxNode): Uint8Array {
  const writer = new BinaryWriter();
  for (const input of node.inputs) text(writer, 1, input);
  for (const output of node.outputs) text(writer, 2, output);
  text(writer, 4, node.operator);
  for (const attribute of node.attributes) bytes(writer, 5, encodeAttribute(attribute));
  if (node.domain !== '') text(writer, 7, node.domain);
  return writer.finish();
}

/** AttributeProto.AttributeType. */
const ATTRIBUTE_TYPES = { int: 2, tensor: 4, ints: 7, strings: 8 } as const;

function encodeAttribute(attribute: OnnxAttribute): Uint8Array {
  const writer = new BinaryWriter();
  text(writer, 1, attribute.name);
  if (attribute.kind === 'int') writer.tag(3, WireType.Varint).uint32(attribute.value);
  if (attribute.kind === 'tensor') bytes(writer, 5, encodeTensor(attribute.tensor));
  if (attribute.kind === 'strings') for (const value of attribute.values) bytes(writer, 9, Buffer.from(value, 'utf8'));
  if (attribute.kind === 'ints') bytes(writer, 8, packVarints(attribute.values));
  writer.tag(20, WireType.Varint).uint32(ATTRIBUTE_TYPES[attribute.kind]);
  return writer.finish();
}

function encodeTensor(tensor: OnnxTensor): Uint8Array {
  const writer = new BinaryWriter();
  for (const extent of tensor.shape) writer.tag(1, WireType.Varint).uint32(extent);
  writer.tag(2, WireType.Varint).uint32(ELEMENT_TYPES[tensor.type]);
  if (tensor.type === 'string') for (const value of tensor.values) bytes(writer, 6, Buffer.from(value, 'utf8'));
  text(writer, 8, tensor.name);
  if (tensor.type !== 'string') bytes(writer, 9, littleEndian(tensor.values));
  return writer.finish();
}

function encodeValue(value: OnnxValue): Uint8Array {
  const shape = new BinaryWriter();
  for (const extent of value.shape) {
    const dimension = new BinaryWriter();
    if (extent === null) text(dimension, 2, 'rows');
    else dimension.tag(1, WireType.Varint).uint32(extent);
    bytes(shape, 1, dimension.finish());
  }
  const tensor = new BinaryWriter();
  tensor.tag(1, WireType.Varint).uint32(ELEMENT_TYPES[value.type]);
  bytes(tensor, 2, shape.finish());
  const type = new BinaryWriter();
  bytes(type, 1, tensor.finish());
  const writer = new BinaryWriter();
  text(writer, 1, value.name);
  bytes(writer, 2, type.finish());
  return writer.finish();
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function bytes(writer: BinaryWriter, field: number, value: Uint8Array): void {
  writer.tag(field, WireType.LengthDelimited).bytes(value);
}

/** Every platform Trainer runs on is little-endian, as ONNX's raw data is. */
function littleEndian(values: Float32Array | Float64Array | BigInt64Array | Uint8Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** Base-128 varints of numbers from 0 up, end to end; BinaryWriter's own is ten times slower on millions. */
function packVarints(values: Int32Array | Uint8Array): Uint8Array {
  const out = new Uint8Array(values.length * 5);
  let at = 0;
  for (let i = 0; i < values.length; i += 1) {
    let rest = values[i] ?? 0;
    // Its ten bytes would not fit, and one byte alone would say another number.
    if (rest < 0) throw new RangeError(`Integers of attributes are from 0 up, not ${rest}.`);
    while (rest > 127) {
      out[at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    out[at++] = rest;
  }
  return out.subarray(0, at);
}
