/** Injection tokens of what `start` gives to every module. */
export const HEAD = Symbol('head');
export const STORE = Symbol('store');
export const SETTINGS = Symbol('settings');
export const MESSAGES = Symbol('messages');
export const CLOCK = Symbol('clock');
