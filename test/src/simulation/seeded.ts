import { seededRandom } from '@trainer/runtime/testing';

/** A row of random numbers that one seed of 32 bits fixes. */
export class Seeded {
  /** 0 up to 1, without 1. */
  readonly next: () => number;

  constructor(seed: number) {
    this.next = seededRandom(seed);
  }

  /** Both ends included. */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** @returns undefined of an empty list. */
  pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.next() * list.length)];
  }

  readonly bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => this.int(0, 255));
}
