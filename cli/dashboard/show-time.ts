import { type Html, html } from './html.ts';

/** `in 43 min`, `5 s ago`: how long until then, or since, with the time itself for machines. */
export function fromNow(atMs: number, nowMs: number): Html {
  if (!isTime(atMs)) return noTime;
  return html`<time datetime="${new Date(atMs).toISOString()}" title="${stamp(atMs)}">${distance(atMs - nowMs)}</time>`;
}

/** `2026-11-22 23:44:10 UTC` */
export function pointInTime(atMs: number): Html {
  if (!isTime(atMs)) return noTime;
  return html`<time datetime="${new Date(atMs).toISOString()}">${stamp(atMs)}</time>`;
}

/** `820 ms`, `1.4 s` */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** A token may say that it ends in a million years, and a cluster may say anything: ECMA-262 section 21.4.1.1. */
function isTime(atMs: number): boolean {
  return !Number.isNaN(new Date(atMs).getTime());
}

const noTime = html`at a time that cannot be told`;

function stamp(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

const units: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
];

function distance(ms: number): string {
  const length = Math.abs(ms);
  // From two of a unit on: `90 min` says more than `2 h`.
  const [name, unit] = units.find(([, each]) => length >= 2 * each) ?? ['s', 1000];
  const text = `${Math.floor(length / unit)} ${name}`;
  if (length < 1000) return 'now';
  return ms > 0 ? `in ${text}` : `${text} ago`;
}
