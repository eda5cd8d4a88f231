import { expect, test } from '@jest/globals';
import { MethodTable } from './method-table.js';

class Base {
  inherited(): string {
    return 'base';
  }
}
class Shown extends Base {
  held = (): string => 'held';
  data = 7;
  #secret(): string {
    return 'secret';
  }
  _private(): string {
    return this.#secret();
  }
  get accessor(): () => string {
    throw new Error('an accessor ran');
  }
  shown(): string {
    return 'shown';
  }
  checkpoint(): void {}
  restore(): void {}
  begin(): void {}
}
const table = new MethodTable(new Shown());

test.each(['shown', 'inherited', 'held', 'begin'])('%s can be called', (name) => {
  expect(table.find(name)).toBeInstanceOf(Function);
});

test.each([
  'constructor',
  'checkpoint',
  'restore',
  '_private',
  '#secret',
  'accessor',
  'data',
  'toString',
  'hasOwnProperty',
  '__proto__',
  '__defineGetter__',
  '',
  'absent',
])('%j cannot be called', (name) => {
  expect(table.find(name)).toBeNull();
});
