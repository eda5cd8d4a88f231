const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** @returns the host name of a `Host` header, without its port, lower case. */
export function hostNameOf(header: string): string {
  const name = header.trim().toLowerCase();
  if (name.startsWith('[')) return name.slice(0, name.indexOf(']') + 1);
  return name.split(':', 1)[0] ?? '';
}

export function isLoopbackName(name: string): boolean {
  return LOOPBACK.has(name) || name.endsWith('.localhost') || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}

/** Is an address to listen on reachable from this machine alone? */
export function isLoopbackAddress(host: string): boolean {
  return host === '::1' || isLoopbackName(host);
}

/** Cross-origin requests come from pages on this machine, or from origins that the operator named. */
export function isAllowedOrigin(origin: string, allowed: readonly string[]): boolean {
  if (allowed.includes(origin)) return true;
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  return (url.protocol === 'http:' || url.protocol === 'https:') && isLoopbackName(url.hostname);
}
