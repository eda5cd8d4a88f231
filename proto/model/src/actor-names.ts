import { LIMITS } from './limits.js';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/;

/** @returns what is wrong with the name of an actor or a namespace, as a sentence's end, or null */
export function actorNameProblem(text: string): string | null {
  if (text.length >= 1 && text.length <= LIMITS.nameChars && NAME.test(text)) return null;
  return `'${text.slice(0, LIMITS.nameChars)}' is not a name: give 1 to ${LIMITS.nameChars} letters (a-z, A-Z), digits and . _ - : / @, the first one a letter or digit`;
}
