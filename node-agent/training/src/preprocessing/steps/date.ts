import { DATE_PARTS } from '@trainer/model';
import type { DateColumn } from '../../data/table.js';
import { axis, TO_FLOAT, type GraphBuilder } from '../../onnx/graph-builder.js';
import type { BlockEncoder, FittedBase, Step } from '../step.js';
import { bestShift } from './shift.js';

/** Year, month (1 to 12), day (1 to 31), weekday (0 is Monday), hour, and the seconds since 1970 less a shift, in UTC; all NaN for a gap. */
export interface DateStep extends FittedBase {
  readonly kind: 'date';
  /** Subtracted from the seconds in double before they are rounded to float32. */
  readonly shift: number;
}

export const dateStep: Step<DateColumn, DateStep> = {
  fit({ name, values }, { rows }) {
    const { shift } = bestShift(values, rows, true);
    return {
      fitted: { kind: 'date', input: name, encoded: DATE_PARTS.map((part) => `${name}.${part}`), shift },
      warnings: [],
      training: null,
    };
  },
  encoder: ({ shift }, { values }) => encoderOf(values, shift),
  inputType: () => 'double',
  toOnnx: ({ shift }, graph, input) => {
    const parts = dateParts(inOnnx(graph), input, shift);
    const joined = graph.add({ operator: 'Concat', inputs: parts, output: 'date_parts', attributes: [axis(1)] });
    return graph.add({ operator: 'Cast', inputs: [joined], output: 'date', attributes: [TO_FLOAT] });
  },
};

function encoderOf(values: Float64Array, shift: number): BlockEncoder {
  return (rows, start, end, out, at, stride) => {
    for (let place = start, to = at; place < end; place += 1, to += stride) {
      dateParts(IN_NUMBERS, values[rows[place] ?? 0] ?? NaN, shift).forEach((part, column) => (out[to + column] = part));
    }
  };
}

/** Arithmetic in double, on numbers or on the values of a graph: one formula, computed in two places with the same result. */
interface Arithmetic<T> {
  readonly plus: (a: T, b: T | number) => T;
  readonly minus: (a: T, b: T | number) => T;
  readonly times: (a: T, by: number) => T;
  /** The whole part of `a / by`, downwards. */
  readonly over: (a: T, by: number) => T;
}

const IN_NUMBERS: Arithmetic<number> = {
  plus: (a, b) => a + b,
  minus: (a, b) => a - b,
  times: (a, by) => a * by,
  over: (a, by) => Math.floor(a / by),
};

function inOnnx(graph: GraphBuilder): Arithmetic<string> {
  const valueOf = (value: string | number): string =>
    typeof value === 'string' ? value : graph.constant('number', { shape: [1, 1], type: 'double', values: Float64Array.of(value) });
  const add = (operator: string, a: string, b: string | number): string =>
    graph.add({ operator, inputs: [a, valueOf(b)], output: 'date_value' });
  return {
    plus: (a, b) => add('Add', a, b),
    minus: (a, b) => add('Sub', a, b),
    times: (a, by) => add('Mul', a, by),
    over: (a, by) => graph.add({ operator: 'Floor', inputs: [add('Div', a, by)], output: 'date_whole' }),
  };
}

/**
 * The parts of a date from its seconds, in the order of `DATE_PARTS`. Days to dates as in Howard Hinnant's "chrono-compatible low-level date
 * algorithms" (civil_from_days), whose years begin in March so that a leap day is a year's last.
 */
function dateParts<T>({ plus, minus, times, over }: Arithmetic<T>, seconds: T, shift: number): T[] {
  const rest = (a: T, by: number): T => minus(a, times(over(a, by), by));
  const days = over(seconds, 86_400);
  const sinceMarch0000 = plus(days, 719_468);
  const era = over(sinceMarch0000, 146_097);
  const dayOfEra = minus(sinceMarch0000, times(era, 146_097));
  const leapless = minus(plus(minus(dayOfEra, over(dayOfEra, 1_460)), over(dayOfEra, 36_524)), over(dayOfEra, 146_096));
  const yearOfEra = over(leapless, 365);
  const dayOfYear = minus(dayOfEra, minus(plus(times(yearOfEra, 365), over(yearOfEra, 4)), over(yearOfEra, 100)));
  const month = over(plus(times(dayOfYear, 5), 2), 153);
  const day = plus(minus(dayOfYear, over(plus(times(month, 153), 2), 5)), 1);
  /** 1 in January and February, which belong to the year that began in March before. */
  const isNextYear = over(month, 10);
  const year = plus(plus(times(era, 400), yearOfEra), isNextYear);
  const monthOfYear = minus(plus(month, 3), times(isNextYear, 12));
  const hour = over(rest(seconds, 86_400), 3_600);
  return [year, monthOfYear, day, rest(plus(days, 3), 7), hour, minus(seconds, shift)];
}
