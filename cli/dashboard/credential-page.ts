import { credentialPath } from './credentials-page.ts';
import { drawDoctor } from './doctor-section.ts';
import type { RunningExamination } from './examinations.ts';
import { type Content, type Html, html } from './html.ts';
import type { ConditionOverview, Consumer, CredentialOverview, EventOverview, TokenOutcome } from './overview.ts';
import { drawTable } from './draw-table.ts';
import { drawTally, grouped } from './draw-tally.ts';
import { drawNotes, type Page, type View } from './page.ts';
import { fromNow, pointInTime } from './show-time.ts';
import { badge, icon, stateTexts } from './state-texts.ts';

/** One credential: what it is, who uses it, what has become of it, and what the doctor says. */
export function credentialPage(view: View, credential: CredentialOverview, examination: RunningExamination | undefined): Page {
  const { namespace, name, description, state, reason, message, conditions, events, consumers } = credential;
  return {
    status: 200,
    title: `${namespace}/${name}`,
    // Without the fragment, which would make a browser scroll instead.
    next: examination?.state === 'running' ? credentialPath(view.base, credential) : undefined,
    live: html`<div id="live">
      <a class="back" href="${view.base}/">${icon('back')}All credentials</a>
      ${drawNotes(view)}
      <div class="title">
        <h1><span class="soft">${namespace}/</span>${name}</h1>
        ${badge(stateTexts[state])}
      </div>
      ${description !== undefined && html`<p class="soft cut">${description}</p>`}
      ${state !== 'ready' && (message ?? reason) !== undefined && drawWhy(credential)} ${drawFacts(credential, view.nowMs)}
      <h2 id="consumers">Consumers</h2>
      ${drawConsumers(consumers, view.nowMs)}
      <h2 id="doctor">Doctor</h2>
      ${drawDoctor({ view, credential, examination, action: `${credentialPath(view.base, credential)}/examination` })}
      <h2 id="conditions">Conditions</h2>
      ${drawConditions(conditions, view.nowMs)}
      <h2 id="history">History</h2>
      ${drawEvents(events)}
    </div>`,
  };
}

function drawWhy({ state, reason, message }: CredentialOverview): Html {
  const { tone } = stateTexts[state];
  return html`<section class="note ${tone}" aria-label="Why">${reason !== undefined && html`<code>${reason}</code> `}${message}</section>`;
}

function drawFacts(credential: CredentialOverview, nowMs: number): Html {
  const { upstreamUrl, allow, tokenUrl, grant, authentication, clientId, scope, sources, revision, createdAtMs, ends } = credential;
  const rules = allow.length === 0 ? 'everything below the base URL' : allow.map((rule) => html`<code>${rule}</code><br />`);
  const facts: readonly (readonly [string, Content])[] = [
    ['Reaches', upstreamUrl],
    ['Allowed', upstreamUrl !== undefined && rules],
    ['Tokens from', tokenUrl],
    ['Grant', grant],
    ['Client authentication', authentication],
    ['Client id', clientId !== undefined && html`<code>${clientId}</code>`],
    ['Scope', scope !== undefined && html`<code>${scope}</code>`],
    ['Values from', sources.length > 0 && sources.map(({ kind, name }) => html`${kind} <code>${name}</code><br />`)],
    ['Configuration', revision !== undefined && html`<code>${revision}</code>`],
    ['Ends', ends.length > 0 && ends.map(({ what, atMs }) => html`${what}: ${fromNow(atMs, nowMs)} (${pointInTime(atMs)})<br />`)],
    ['Made', createdAtMs !== undefined && html`${fromNow(createdAtMs, nowMs)} (${pointInTime(createdAtMs)})`],
  ];
  const known = facts.filter(([, value]) => value !== undefined && value !== false);
  if (known.length === 0) return html`<p class="soft">The manifest is too broken to say what it is.</p>`;
  return html`<dl class="facts">
    ${known.map(
      ([term, value]) =>
        html`<div>
          <dt>${term}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

function drawConsumers(consumers: readonly Consumer[] | undefined, nowMs: number): Html {
  if (consumers === undefined) return html`<p class="soft">Who uses it is not known.</p>`;
  if (consumers.length === 0) return html`<p class="soft">Nobody uses it.</p>`;
  return drawTable(
    'Who uses this credential',
    ['Consumer', 'Phase', 'Configuration', 'Last token', 'Token requests', 'Calls'],
    consumers.map((consumer) => drawConsumer(consumer, nowMs)),
  );
}

function drawConsumer(consumer: Consumer, nowMs: number): Html {
  const { name, alias, phase, sidecarVersion, state, stateReason, revision, isCurrent, unread } = consumer;
  return html`<tr id="consumer-${encodeURIComponent(name)}.${encodeURIComponent(alias)}">
    <th scope="row">
      <span class="name cut">${name}</span>
      <div class="soft cut">as ${alias}</div>
    </th>
    <td data-label="Phase" class="cut">
      ${phase}${sidecarVersion !== undefined && html`<div class="soft">sidecar ${sidecarVersion}</div>`}
    </td>
    <td data-label="Configuration" class="cut">
      ${drawCurrent(isCurrent)}${revision !== undefined && html`<div><code class="soft">${revision}</code></div>`}${
        state !== undefined && state !== 'ready' && html`<div class="warn">${state}</div>`
      }${stateReason !== undefined && html`<span class="why">${stateReason}</span>`}
    </td>
    <td data-label="Last token" class="cut wide">
      ${drawOutcome(consumer.token, nowMs)}${unread !== undefined && html`<span class="why soft">${unread}</span>`}
    </td>
    <td data-label="Token requests" class="number">${drawTally(consumer.tokenRequests)}</td>
    <td data-label="Calls" class="number">
      ${drawTally(consumer.calls)}${drawCounts(consumer.callsByClass)}${drawCounts(consumer.errors)}
    </td>
  </tr>`;
}

function drawCurrent(isCurrent: boolean | undefined): Html {
  if (isCurrent === undefined) return html`<span class="soft">not known</span>`;
  return isCurrent ? html`up to date` : html`<span class="warn">${icon('alert')} not up to date</span>`;
}

function drawOutcome(token: TokenOutcome, nowMs: number): Html {
  if (token.kind === 'failing') return drawFailing(token, nowMs);
  if (token.kind !== 'valid') return html`<span class="soft">${token.kind === 'none' ? 'not asked for yet' : 'not known'}</span>`;
  const { expiresAtMs } = token;
  return html`<span>${icon('check')} valid</span>${
      expiresAtMs !== undefined && html`<div class="soft">ends ${fromNow(expiresAtMs, nowMs)}</div>`
    }`;
}

function drawFailing(token: TokenOutcome & { readonly kind: 'failing' }, nowMs: number): Html {
  const { code, detail, hint, expiresAtMs, nextTryAtMs } = token;
  const isWaiting = nextTryAtMs !== undefined && nextTryAtMs > nowMs;
  return html`<span class="bad">${icon('cross')} failing</span> <code>${code}</code
    ><span class="why">${detail}</span> ${hint !== undefined && html`<span class="why">${hint}</span>`}
    ${expiresAtMs !== undefined && html`<div class="soft">an earlier one ends ${fromNow(expiresAtMs, nowMs)}</div>`}
    ${isWaiting && html`<div class="soft">tried again ${fromNow(nextTryAtMs, nowMs)} at the earliest</div>`}`;
}

function drawCounts(counts: Readonly<Record<string, number>> | undefined): Html {
  return html`${Object.entries(counts ?? {}).map(([what, count]) => html`<div class="soft counted">${what}: ${grouped(count)}</div>`)}`;
}

function drawConditions(conditions: readonly ConditionOverview[], nowMs: number): Html {
  if (conditions.length === 0) return html`<p class="soft">None has been written yet.</p>`;
  return drawTable(
    'Conditions',
    ['Condition', 'Status', 'Reason', 'Since', 'Message'],
    conditions.map(
      ({ type, status, reason, message, sinceMs }) =>
        html`<tr>
          <th scope="row" class="name cut">${type}</th>
          <td data-label="Status">${drawStatus(status)}</td>
          <td data-label="Reason"><code class="cut">${reason}</code></td>
          <td data-label="Since" class="number">${sinceMs === undefined ? '' : fromNow(sinceMs, nowMs)}</td>
          <td data-label="Message" class="cut wide">${message}</td>
        </tr>`,
    ),
  );
}

function drawStatus(status: ConditionOverview['status']): Html {
  if (status === 'True') return html`<span class="good">${icon('check')} True</span>`;
  if (status === 'False') return html`<span class="bad">${icon('cross')} False</span>`;
  return html`<span class="quiet">${icon('question')} Unknown</span>`;
}

function drawEvents(events: readonly EventOverview[]): Html {
  if (events.length === 0) return html`<p class="soft">Nothing is kept of what was before.</p>`;
  return drawTable(
    'What was told of this credential, the newest first',
    ['When', 'Kind', 'Reason', 'Message'],
    events
      .toSorted((a, b) => b.atMs - a.atMs)
      .map(
        ({ atMs, type, reason, message }) =>
          html`<tr>
            <th scope="row" class="number">${pointInTime(atMs)}</th>
            <td data-label="Kind">${type === 'Warning' ? html`<span class="warn">${icon('alert')} Warning</span>` : type}</td>
            <td data-label="Reason"><code class="cut">${reason}</code></td>
            <td data-label="Message" class="cut wide">${message}</td>
          </tr>`,
      ),
  );
}
