import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { encodeModel, type OnnxGraph, type OnnxTensor } from './protobuf.js';

/** Of onnx.proto (ONNX 1.16), what our graphs use; protobufjs reads by it. */
const SCHEMA = `
syntax = "proto2";
message Attribute { optional string name = 1; optional int64 i = 3; optional Tensor t = 5; repeated int64 ints = 8; optional int32 type = 20; }
message Node { repeated string input = 1; repeated string output = 2; optional string op_type = 4; repeated Attribute attribute = 5; optional string domain = 7; }
message Tensor { repeated int64 dims = 1; optional int32 data_type = 2; repeated bytes string_data = 6; optional string name = 8; optional bytes raw_data = 9; }
message Dimension { optional int64 dim_value = 1; optional string dim_param = 2; }
message Shape { repeated Dimension dim = 1; }
message TensorType { optional int32 elem_type = 1; optional Shape shape = 2; }
message Type { optional TensorType tensor_type = 1; }
message Value { optional string name = 1; optional Type type = 2; }
message Graph { repeated Node node = 1; optional string name = 2; repeated Tensor initializer = 5; repeated Value input = 11; repeated Value output = 12; }
message Opset { optional string domain = 1; optional int64 version = 2; }
message Entry { optional string key = 1; optional string value = 2; }
message Model { optional int64 ir_version = 1; optional string producer_name = 2; optional Graph graph = 7; repeated Opset opset_import = 8; repeated Entry metadata_props = 14; }
`;
const Model = protobuf.parse(SCHEMA, { keepCase: true }).root.lookupType('Model');

interface ReadTensor {
  readonly dims: number[];
  readonly data_type: number;
  readonly string_data: Uint8Array[];
  readonly name: string;
  readonly raw_data: Uint8Array;
}
interface ReadModel {
  readonly graph: {
    readonly name: string;
    readonly node: { op_type: string; domain: string; input: string[]; output: string[]; attribute: ReadAttribute[] }[];
    readonly initializer: ReadTensor[];
    readonly input: { name: string; type: { tensor_type: { elem_type: number; shape: { dim: object[] } } } }[];
  };
  readonly metadata_props: { key: string; value: string }[];
}
interface ReadAttribute {
  readonly name: string;
  readonly i: number;
  readonly ints: number[];
  readonly t: ReadTensor | null;
}

function read(bytes: Uint8Array): ReadModel {
  const message = Model.decode(bytes);
  return Model.toObject(message, { longs: Number, arrays: true, defaults: true }) as ReadModel;
}

const NOTHING: OnnxGraph = { name: 'g', inputs: [], outputs: [], constants: [], nodes: [] };

function constantOf(tensor: OnnxTensor): ReadTensor | undefined {
  return read(encodeModel({ ...NOTHING, constants: [tensor] }, [])).graph.initializer[0];
}

function intsOf(values: Int32Array | Uint8Array): number[] {
  const node = { operator: 'O', domain: '', inputs: [], outputs: [], attributes: [{ name: 'a', kind: 'ints', values }] } as const;
  return read(encodeModel({ ...NOTHING, nodes: [node] }, [])).graph.node[0]?.attribute[0]?.ints ?? [];
}

const anyText = fc.string({ unit: 'binary', maxLength: 200 });

describe('another reader of protobuf finds what was written', () => {
  test('in names, metadata and shapes of any text', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyText, anyText), { maxLength: 20 }), (metadata) => {
        const inputs = metadata.map(([name], i) => ({ name, type: 'float' as const, shape: [null, i] }));
        const node = {
          operator: 'O',
          domain: 'ai.onnx.ml' as const,
          inputs: metadata.map(([name]) => name),
          outputs: metadata.map(([, name]) => name),
          attributes: [],
        };
        const model = read(encodeModel({ ...NOTHING, inputs, nodes: [node] }, metadata));
        expect(model.metadata_props.map(({ key, value }) => [key, value])).toEqual(metadata);
        expect(model.graph.input.map(({ name }) => name)).toEqual(node.inputs);
        expect(model.graph.node[0]).toMatchObject({ op_type: 'O', domain: 'ai.onnx.ml', input: node.inputs, output: node.outputs });
      }),
    );
  });

  test.each([0, 1, 63, 64, 127, 128, 129, 4_095, 16_383, 16_384, 65_536, 1_000_000])('in %d integers of an attribute', (count) => {
    const values = Int32Array.from({ length: count }, (_, i) => ((i * 2_654_435_761) >>> (i % 32)) >>> 1);
    expect(isDeepStrictEqual(intsOf(values), [...values])).toBe(true);
    expect(isDeepStrictEqual(intsOf(Uint8Array.from(values)), [...Uint8Array.from(values)])).toBe(true);
  });

  test('in integers at every edge of a varint', () => {
    const edges = [0, 7, 14, 21, 28].flatMap((power) => [2 ** power - 1, 2 ** power, 2 ** power + 1]);
    expect(intsOf(Int32Array.from([...edges, 2 ** 31 - 1]))).toEqual([...edges, 2 ** 31 - 1]);
  });

  test.each([0, 1, 31, 32, 4_096, 16_384, 300_000])('in constants of %d values, whatever lies around them', (size) => {
    const memory = new Uint8Array(8 * size + 16).fill(0xa5).buffer;
    const floats = new Float32Array(memory, 8, size).map((_, i) => i / 7);
    const doubles = new Float64Array(memory, 8, size).map((_, i) => i / 7);
    const longs = new BigInt64Array(memory, 8, size).map((_, i) => BigInt(-i));
    const texts = Array.from({ length: Math.min(size, 20_000) }, (_, i) => `klass é ${i}`);
    for (const [type, values] of [
      ['float', floats],
      ['double', doubles],
      ['int64', longs],
    ] as const) {
      const found = constantOf({ name: 'c', shape: [size], type, values } as OnnxTensor);
      expect(Buffer.from(values.buffer, values.byteOffset, values.byteLength).equals(found?.raw_data ?? new Uint8Array(1))).toBe(true);
      expect(found?.dims).toEqual([size]);
    }
    const found = constantOf({ name: 'c', shape: [texts.length], type: 'string', values: texts });
    expect(found?.string_data.map((bytes) => Buffer.from(bytes).toString())).toEqual(texts);
  });
});

test('a negative integer is refused, since another one would be written', () => {
  expect(() => intsOf(Int32Array.of(1, -1))).toThrow('from 0 up, not -1');
});
