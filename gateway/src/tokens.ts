/** Injection tokens of what `start` gives to every module. */
export const HEAD = Symbol('head');
export const STORE = Symbol('store');
export const SETTINGS = Symbol('settings');
export const MESSAGES = Symbol('messages');
export const CONNECT_ACTORS = Symbol('connect-actors');
export const CLOCK = Symbol('clock');
