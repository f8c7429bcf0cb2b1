import type { Places } from './broken-setup.ts';

/** Where a test's servers are, and where the documentation's. */
export function placesOf(urls: Readonly<Record<string, string>>): Places {
  return Object.entries(urls).flatMap(([name, url]) => {
    const { origin, host, hostname } = new URL(url);
    const documented = `${name}.acme.example`;
    const ofName: Places = hostname === '127.0.0.1' ? [] : [[hostname, documented]];
    return [[origin, `https://${documented}`], [host, documented], ...ofName];
  });
}

/** A text with the documentation's places in place of the real ones. */
export function document(text: string, places: Places): string {
  return places.reduce((changed, [real, documented]) => changed.replaceAll(real, documented), text);
}
