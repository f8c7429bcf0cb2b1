import { type Html, html } from './html.ts';
import type { Tally } from './overview.ts';

export function drawTally(tally: Tally | undefined): Html {
  if (tally === undefined) return html`<span class="soft">not known</span>`;
  return html`${grouped(tally.ok)} ok${tally.failed > 0 && html`<div class="bad">${grouped(tally.failed)} failed</div>`}`;
}

/** `12,870` */
export function grouped(count: number): string {
  return count.toLocaleString('en');
}
