/*
 * `navigator` as Node has it from version 21 on. pg reads it to learn whether it runs in a Cloudflare worker; where there is none
 * it makes a `Response` to find out, for which Node loads all of fetch: 10 MiB, and 20 ms of every start.
 */
if (!('navigator' in globalThis)) {
  const [major] = process.versions.node.split('.');
  Object.defineProperty(globalThis, 'navigator', { value: { userAgent: `Node.js/${major}` }, configurable: true });
}

export {};
