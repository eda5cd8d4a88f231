import type { SignedRequest } from '@trainer/model';

/** @returns the address, which is good for that request alone, and not for long. @throws where it may not be made */
export type Sign = (request: SignedRequest) => Promise<string>;
