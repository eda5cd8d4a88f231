import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTensor, OnnxValue } from './protobuf.js';

/** The values of a tensor, without its name. */
type Unnamed<T> = T extends unknown ? Omit<T, 'name'> : never;
export type OnnxConstant = Unnamed<OnnxTensor>;

/** A node as it is asked for; its output's name is found by the builder. */
export interface NodeWish {
  readonly operator: string;
  readonly inputs: readonly string[];
  /** What the output should be called; a number is added where something else has the name. */
  readonly output: string;
  readonly attributes?: readonly OnnxAttribute[];
  /** Default: the standard operators. */
  readonly domain?: OnnxNode['domain'];
}

/**
 * Collects a graph node by node. It knows no model and no preprocessing: those are functions over it, which take names of values and
 * give back names of values. Equal calls give an equal graph.
 */
export class GraphBuilder {
  readonly #nodes: OnnxNode[] = [];
  readonly #constants: OnnxTensor[] = [];
  readonly #taken: Set<string>;

  /** @param inputs @param outputs of the whole graph; their names are its own, and columns may be called anything. */
  constructor(
    private readonly inputs: readonly OnnxValue[],
    private readonly outputs: readonly OnnxValue[],
  ) {
    this.#taken = new Set([...inputs, ...outputs].map(({ name }) => name));
  }

  /** @returns the name of the node's output. */
  add({ operator, inputs, output, attributes = [], domain = '' }: NodeWish): string {
    const name = this.#fresh(output);
    this.#nodes.push({ operator, domain, inputs, outputs: [name], attributes });
    return name;
  }

  /** @returns the name of the constant, which is like `wanted`. */
  constant(wanted: string, tensor: OnnxConstant): string {
    const name = this.#fresh(wanted);
    this.#constants.push({ ...tensor, name });
    return name;
  }

  /** @param results the value of each output, by the output's name; each is what a node gave. */
  build(name: string, results: Readonly<Record<string, string>>): OnnxGraph {
    const finalName = new Map(Object.entries(results).map(([output, value]) => [value, output]));
    const renamed = (value: string): string => finalName.get(value) ?? value;
    const nodes = this.#nodes.map((node) => ({ ...node, inputs: node.inputs.map(renamed), outputs: node.outputs.map(renamed) }));
    return { name, inputs: this.inputs, outputs: this.outputs, constants: this.#constants, nodes };
  }

  #fresh(wanted: string): string {
    let name = wanted;
    for (let n = 1; this.#taken.has(name); n += 1) name = `${wanted}_${n}`;
    this.#taken.add(name);
    return name;
  }
}

/** The attribute `axis`. */
export function axis(value: number): OnnxAttribute {
  return { name: 'axis', kind: 'int', value };
}

/** The attribute `to` of a Cast to float32. */
export const TO_FLOAT: OnnxAttribute = { name: 'to', kind: 'int', value: 1 };

/** The attribute `to` of a Cast to double. */
export const TO_DOUBLE: OnnxAttribute = { name: 'to', kind: 'int', value: 11 };
