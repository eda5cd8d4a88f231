/** What a kernel tells of its work while it runs. */
export interface Pace {
  /**
   * Some `units` of work (about a nanosecond each) are done. Now and then it looks whether the job goes on.
   * @throws what ends the work
   */
  spend(units: number): void;
}

/** A pace that nobody listens to. */
export const UNHURRIED: Pace = { spend: () => undefined };

/** Units between two looks: some 5 ms, and a tenth of a second on a machine that has much else to do. */
const UNITS_BETWEEN = 4e6;

/** Calls `look` about every 5 ms of work. */
export function pacedBy(look: () => void): Pace {
  let spent = 0;
  return {
    spend(units) {
      spent += units;
      if (spent < UNITS_BETWEEN) return;
      spent = 0;
      look();
    },
  };
}
