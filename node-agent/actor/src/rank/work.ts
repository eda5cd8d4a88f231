/** What a rank says of its work, for the beats that its agent hears. */
export class Work {
  #steps = 0;
  #isWorking = false;

  /** The step that is under way, counted from 1; null while the rank waits. */
  get step(): number | null {
    return this.#isWorking ? this.#steps : null;
  }

  set(isWorking: boolean): void {
    this.#isWorking = isWorking;
    if (isWorking) this.#steps += 1;
  }
}
