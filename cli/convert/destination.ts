import { aliases, destinationProperties } from './destination-properties.ts';
import { canonicalName } from './property-table.ts';

/** A destination of SAP BTP as it was exported or read. */
export interface Destination {
  readonly properties: ReadonlyMap<string, string>;
  /** By name what the Destination service hands out of keystores, as text; of use where it is PEM. */
  readonly certificates: ReadonlyMap<string, string>;
}

/** The cockpit exports no secrets. */
const removed = /^<<.*(?:removed|hidden).*>>$/iu;

/** What says no more than what holds anyway. */
const isDefault = (name: string, value: string): boolean =>
  (name === 'TrustAll' && isFalse(value)) || (name === 'HostnameVerifier' && value === 'Strict');

/** By the names that the table has; without what is as good as not there. */
export function normalised(properties: ReadonlyMap<string, string>): Map<string, string> {
  const named = [...properties].map(([name, value]) => [properties.has(nameOf(name)) ? name : nameOf(name), value] as const);
  return new Map(named.filter(([name, value]) => value !== '' && !removed.test(value) && !isDefault(name, value)));
}

const nameOf = (name: string): string => aliases.get(name) ?? canonicalName(name, destinationProperties);

/** The properties `<prefix><name>`, by name. */
export function withPrefix(properties: ReadonlyMap<string, string>, prefix: string): Map<string, string> {
  return new Map([...properties].filter(([name]) => name.startsWith(prefix)).map(([name, value]) => [name.slice(prefix.length), value]));
}

export const isFalse = (value: string | undefined): boolean => value?.trim().toLowerCase() === 'false';
