import { isIP, isIPv6 } from 'node:net';
import type { GatewaySettings } from '../config.js';

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

/** Under which names this service is reached, and whose pages may use it. The Host header of a request says neither. */
export interface OwnNames {
  /** Host names without port, beside those of loopback. */
  readonly hosts: ReadonlySet<string>;
  /** Its own pages' origins and those that the operator allows, beside those of loopback. */
  readonly origins: ReadonlySet<string>;
  /**
   * Listening beyond loopback it is reached by whatever addresses the machine, its container and its proxy have. No page can lead a
   * browser here under an address by DNS, as it can under a name.
   */
  readonly anyAddress: boolean;
}

/** @returns the one list of names by which hosts and origins are checked */
export function ownNames(settings: Pick<GatewaySettings, 'host' | 'port' | 'publicUrls' | 'corsOrigins' | 'privateNames'>): OwnNames {
  const own = [...settings.publicUrls, `http://${isIPv6(settings.host) ? `[${settings.host}]` : settings.host}:${settings.port}`].map(
    (url) => new URL(url),
  );
  const isOnLoopback = isLoopbackAddress(settings.host);
  const privateNames = isOnLoopback ? [] : settings.privateNames.map((name) => name.toLowerCase());
  return {
    hosts: new Set([...own.map((url) => url.hostname), ...privateNames]),
    origins: new Set([...own.map((url) => url.origin), ...settings.corsOrigins]),
    anyAddress: !isOnLoopback,
  };
}

/** @param host as `hostNameOf` gives it */
export function isOwnHost(host: string, names: OwnNames): boolean {
  return isLoopbackName(host) || names.hosts.has(host) || (names.anyAddress && isIP(host.replace(/^\[|\]$/g, '')) !== 0);
}

/** Requests that change something come from our own pages, from pages on this machine, or from origins that the operator named. */
export function isAllowedOrigin(origin: string, names: OwnNames): boolean {
  if (names.origins.has(origin)) return true;
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  return (url.protocol === 'http:' || url.protocol === 'https:') && isLoopbackName(url.hostname);
}
