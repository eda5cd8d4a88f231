import { z } from 'zod';

/** A number in a query; anything else is refused with its name. */
export const whole = (min: number, max: number, fallback: number) =>
  z
    .string()
    .regex(/^-?\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .optional()
    .transform((value) => value ?? fallback);
