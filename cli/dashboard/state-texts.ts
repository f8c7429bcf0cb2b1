import type { Step } from '../../doctor/examination.ts';
import { type Html, html } from './html.ts';
import type { CredentialState } from './overview.ts';

/** What needs attention first. */
export const credentialStates = [
  'invalid',
  'tokenFailing',
  'lastGoodKept',
  'pending',
  'unknown',
  'ready',
] as const satisfies CredentialState[];

type Tone = 'bad' | 'warn' | 'good' | 'quiet';

interface StateText {
  readonly label: string;
  readonly tone: Tone;
  readonly icon: IconName;
}

export const stateTexts: Readonly<Record<CredentialState, StateText>> = {
  invalid: { label: 'Invalid', tone: 'bad', icon: 'cross' },
  tokenFailing: { label: 'No token', tone: 'bad', icon: 'broken-key' },
  lastGoodKept: { label: 'Last good kept', tone: 'warn', icon: 'alert' },
  pending: { label: 'Pending', tone: 'quiet', icon: 'clock' },
  unknown: { label: 'Unknown', tone: 'quiet', icon: 'question' },
  ready: { label: 'Ready', tone: 'good', icon: 'check' },
};

export const outcomeTexts: Readonly<Record<Step['outcome'], StateText>> = {
  ok: { label: 'OK', tone: 'good', icon: 'check' },
  odd: { label: 'Odd', tone: 'warn', icon: 'alert' },
  failed: { label: 'Failed', tone: 'bad', icon: 'cross' },
  skipped: { label: 'Skipped', tone: 'quiet', icon: 'minus' },
};

/** An icon with its text: colour alone says nothing to many. */
export function badge({ label, tone, icon: name }: StateText): Html {
  return html`<span class="badge ${tone}">${icon(name)}${label}</span>`;
}

export function icon(name: IconName): Html {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="${icons[name]}" /></svg>`;
}

/** Strokes within 16 x 16. */
const icons = {
  check: 'M3 8.5l3.2 3.2L13 5',
  cross: 'M4 4l8 8M12 4l-8 8',
  minus: 'M3.5 8h9',
  alert: 'M8 2.2L14.3 13.5H1.7zM8 6.5v3.2M8 11.6v.2',
  clock: 'M8 1.8a6.2 6.2 0 1 0 .01 0M8 4.5V8l2.4 1.6',
  question: 'M8 1.8a6.2 6.2 0 1 0 .01 0M6.2 6.3a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.8.6-.8 1.2M8 11.4v.2',
  'broken-key': 'M5 7.5a2.7 2.7 0 1 0 .01 0M7 8.4l2-2M10.3 5L13.5 1.9M12 3.4l1.6 1.6M2 2l2 2',
  search: 'M7 2.5a4.5 4.5 0 1 0 .01 0M10.4 10.4L14 14',
  back: 'M9.5 3.5L5 8l4.5 4.5',
  doctor: 'M1.5 8.5h3l1.7-4.7 3 8.4 1.8-3.7h3.5',
} as const;

type IconName = keyof typeof icons;
