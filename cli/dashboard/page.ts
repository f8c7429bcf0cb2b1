import { createHash } from 'node:crypto';
import { type Content, Html, html } from './html.ts';
import { liveScript } from './live-script.ts';
import type { Snapshot } from './overview-cache.ts';
import { pointInTime } from './show-time.ts';
import { style } from './style.ts';

/** What every page is drawn from. */
export interface View {
  /** What all paths of this dashboard begin with: its token. */
  readonly base: string;
  readonly nowMs: number;
  readonly version: string;
  readonly snapshot: Snapshot;
  /** Whether there is a doctor to ask. */
  readonly canExamine: boolean;
}

export interface Page {
  readonly status: 200 | 404;
  readonly title: string;
  /** The content of `<main>`, which changes while one looks. */
  readonly live: Html;
  /** Where there is no JavaScript, this path is to be loaded soon. */
  readonly next?: string | undefined;
}

/** A whole document. */
export function drawPage({ title, live, next }: Page, { base, version, snapshot: { overview } }: View): string {
  const place = overview === undefined ? undefined : html`<span class="place soft cut">${overview.place}</span>`;
  return document(
    title,
    html`<a class="skip" href="#content">Skip to the content</a>
      <header class="top">
        <strong><a href="${base}/">Tokenward</a></strong>
        ${place}
        <span id="connection" class="connection soft" role="status">Not live</span>
        <noscript><a href="">Load again</a></noscript>
      </header>
      <main id="content" tabindex="-1">${live}</main>
      <footer>Tokenward ${version}. Shows no secret and no token, and changes nothing.</footer>
      ${element('script', liveScript)}`,
    next !== undefined && html`<noscript><meta http-equiv="refresh" content="2; url=${next}" /></noscript>`,
  );
}

/** The answer to whoever may not see more. */
export function drawRefusal(title: string, text: string): string {
  return document(
    title,
    html`<main id="content">
      <h1>${title}</h1>
      <p>${text}</p>
    </main>`,
  );
}

/** Said on every page before all else. */
export function drawNotes({ snapshot: { overview, error } }: View): Html {
  const gaps = overview?.gaps ?? [];
  const problems = overview?.problems ?? [];
  const since = overview && html` What is shown is from ${pointInTime(overview.takenAtMs)}.`;
  return html`${
    error !== undefined &&
    html`<section id="error" class="note bad" role="alert">
      <h2>Nothing new can be read</h2>
      <p>${error}${since}</p>
    </section>`
  }${
    gaps.length > 0 &&
    html`<section id="gaps" class="note warn" aria-labelledby="gaps-title">
      <h2 id="gaps-title">Could not be read</h2>
      ${list(gaps)}
    </section>`
  }${
    problems.length > 0 &&
    html`<section id="problems" class="note bad" aria-labelledby="problems-title">
      <h2 id="problems-title">Wrong, and of no credential</h2>
      ${list(problems)}
    </section>`
  }`;
}

function list(texts: readonly string[]): Html {
  const [first, ...others] = texts;
  return others.length === 0
    ? html`<p>${first}</p>`
    : html`<ul>
        ${texts.map((text) => html`<li>${text}</li>`)}
      </ul>`;
}

/** As long as nothing has been read. */
export function drawReading(view: View, next: string): Page {
  const isReading = view.snapshot.error === undefined;
  return {
    status: 200,
    title: 'Credentials',
    next: isReading ? next : undefined,
    live: html`<div id="live">
      ${drawNotes(view)}
      <h1>Credentials</h1>
      ${isReading && html`<p>Reading…</p>`}
    </div>`,
  };
}

/** One page, and the way back to all credentials. */
export function drawNotFound(view: View, what: string): Page {
  return {
    status: 404,
    title: 'Not found',
    live: html`<div id="live">
      ${drawNotes(view)}
      <h1>Not found</h1>
      <p>${what}</p>
      <p><a href="${view.base}/">All credentials</a></p>
    </div>`,
  };
}

function document(title: string, body: Content, head?: Content): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>${title} · Tokenward</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <link rel="icon" href="data:," />
        ${element('style', style)}${head}
      </head>
      <body>
        ${body}
      </body>
    </html> `.toString();
}

/** As it is, to the letter: its hash is in the policy. */
function element(name: 'script' | 'style', text: string): Html {
  return new Html(`<${name}>${text}</${name}>`);
}

/** Nothing is loaded from anywhere, and no script or style runs but these two. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `script-src ${hashOf(liveScript)}`,
  `style-src ${hashOf(style)}`,
  'img-src data:',
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
