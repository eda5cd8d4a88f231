/** Levels of text that are a column each; beyond it they are one number each (models.md). */
export const MAX_ONE_HOT_LEVELS = 32;

/** The columns that a date becomes. */
export const DATE_PARTS = ['year', 'month', 'day', 'weekday', 'hour', 'seconds'] as const;
