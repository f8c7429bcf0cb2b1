import { countStates, filterCredentials, type Filter, writeFilter } from './filter-credentials.ts';
import { drawTable } from './draw-table.ts';
import { drawTally } from './draw-tally.ts';
import { type Content, type Html, html } from './html.ts';
import type { Consumer, CredentialOverview } from './overview.ts';
import { drawNotes, type Page, type View } from './page.ts';
import { fromNow } from './show-time.ts';
import { badge, credentialStates, icon, stateTexts } from './state-texts.ts';
import { sumTokens, type TokenSum } from './sum-tokens.ts';

/** More than that nobody reads; the search narrows it down. */
const maxRows = 300;

/** How soon the end of a certificate is worth a warning. */
const endsSoonMs = 30 * 86_400_000;

/** All credentials at a glance. */
export function credentialsPage(view: View, filter: Filter): Page {
  const credentials = view.snapshot.overview?.credentials ?? [];
  const found = filterCredentials(credentials, filter);
  return {
    status: 200,
    title: filter.q === '' ? 'Credentials' : `${filter.q} · Credentials`,
    live: html`<div id="live">
      ${drawNotes(view)}
      <div class="head">
        <div>
          <h1>Credentials</h1>
          ${drawSummary(credentials, found)}
        </div>
        ${drawSearch(credentials, filter, view.base)}
      </div>
      ${credentials.length > 0 && drawStates(credentials, filter, view.base)}
      ${found.length > 0 ? drawCredentials(found, view) : drawNothing(credentials.length > 0, view.base)}
    </div>`,
  };
}

function drawSummary(all: readonly CredentialOverview[], found: readonly CredentialOverview[]): Html {
  const urgent = found.filter(({ state }) => stateTexts[state].tone === 'bad' || stateTexts[state].tone === 'warn').length;
  const number = found.length === all.length ? `${all.length}` : `${found.length} of ${all.length}`;
  const attention = urgent === 0 ? 'none needs attention' : urgent === 1 ? '1 needs attention' : `${urgent} need attention`;
  return html`<p class="soft" role="status">${all.length > 0 && `${number} shown, ${attention}`}</p>`;
}

function drawSearch(credentials: readonly CredentialOverview[], { q, state, namespace }: Filter, base: string): Html {
  const namespaces = [...new Set(credentials.map((credential) => credential.namespace))].toSorted();
  const options = ['', ...namespaces].map(
    (name) => html`<option value="${name}" ${name === (namespace ?? '') && html` selected`}>${name === '' ? 'All' : name}</option>`,
  );
  return html`<form id="search" class="search" role="search" action="${base}/" aria-label="Credentials">
    ${state !== undefined && html`<input type="hidden" name="state" value="${state}" />`}
    <div>
      <label for="q">Name, host, reason, pod</label
      ><input id="q" name="q" type="search" value="${q}" autocomplete="off" spellcheck="false" />
    </div>
    ${
      namespaces.length > 1 &&
      html`<div>
        <label for="namespace">Namespace</label
        ><select id="namespace" name="namespace">
          ${options}
        </select>
      </div>`
    }
    <button>${icon('search')}Search</button>
  </form>`;
}

function drawStates(credentials: readonly CredentialOverview[], filter: Filter, base: string): Html {
  const counts = countStates(credentials, filter);
  const { state: chosen, ...rest } = filter;
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const link = (label: Html | string, to: Filter, count: number, isCurrent: boolean): Html =>
    html`<li>
      <a href="${base}/${writeFilter(to)}" ${isCurrent && html` aria-current="true"`}>${label} <span class="count">${count}</span></a>
    </li>`;
  const states = credentialStates.filter((state) => state === chosen || counts.has(state));
  return html`<nav aria-label="By state">
    <ul class="states">
      ${link('All', rest, all, chosen === undefined)}${states.map((state) => {
        const { label, tone, icon: name } = stateTexts[state];
        return link(html`<span class="${tone}">${icon(name)}</span>${label}`, { ...rest, state }, counts.get(state) ?? 0, state === chosen);
      })}
    </ul>
  </nav>`;
}

function drawNothing(isFiltered: boolean, base: string): Html {
  if (isFiltered)
    return html`<div class="empty">
      <p>No credential matches.</p>
      <p><a href="${base}/">Show all</a></p>
    </div>`;
  return html`<div class="empty">
    <p>There is no credential here yet.</p>
    <p class="soft">
      An OAuth2Credential says which API is called, which token endpoint issues the tokens, and which client asks for them.
    </p>
  </div>`;
}

function drawCredentials(found: readonly CredentialOverview[], view: View): Html {
  const shown = found.slice(0, maxRows);
  const cut =
    found.length > maxRows && html`<p id="cut" class="soft">The first ${maxRows} of ${found.length}; search to see the others.</p>`;
  return html`${drawTable(
    'Credentials, what needs attention first',
    ['Credential', 'State', 'Reaches', 'Grant', 'Consumers', 'Token', 'Token requests'],
    shown.map((credential) => drawRow(credential, view)),
  )}
  ${cut}`;
}

function drawRow(credential: CredentialOverview, view: View): Html {
  const { namespace, name, description, state, reason, message } = credential;
  const why = state !== 'ready' && message !== undefined && html`<span class="why">${message}</span>`;
  return html`<tr id="row-${segment(namespace)}.${segment(name)}">
    <th scope="row">
      <a class="name cut" href="${credentialPath(view.base, credential)}">${name}</a>
      <div class="soft cut">${namespace}</div>
      ${description !== undefined && html`<div class="soft cut">${description}</div>`}
    </th>
    <td data-label="State" class="state">
      ${badge(stateTexts[state])}${state !== 'ready' && reason !== undefined && html` <code class="soft cut">${reason}</code>`}${why}${credential.warnings?.map((warning) => html`<span class="why warn">${warning}</span>`)}
    </td>
    <td data-label="Reaches" class="reaches">${drawReach(credential)}</td>
    <td data-label="Grant" class="grant cut">
      ${credential.grant ?? 'not known'}${
        credential.authentication !== undefined && html`<div class="soft">${credential.authentication}</div>`
      }
    </td>
    <td data-label="Consumers">${drawConsumers(credential.consumers)}</td>
    <td data-label="Token">${drawToken(sumTokens(credential.consumers ?? []), view.nowMs)}${drawEnds(credential, view.nowMs)}</td>
    <td data-label="Token requests" class="number">${drawTally(sumTokens(credential.consumers ?? []).requests)}</td>
  </tr>`;
}

/** Where a credential's own page is. */
export function credentialPath(base: string, { namespace, name }: Pick<CredentialOverview, 'namespace' | 'name'>): string {
  return `${base}/credentials/${segment(namespace)}/${segment(name)}`;
}

/** A name that is refused may hold half a character. */
function segment(name: string): string {
  return encodeURIComponent(name.toWellFormed());
}

function drawReach({ upstreamUrl, tokenUrl }: CredentialOverview): Html {
  return html`<span class="cut">${breakable(upstreamUrl?.replace(/^https:\/\//, '') ?? 'not known')}</span>${
      tokenUrl !== undefined && html`<div class="soft cut">tokens from ${hostOf(tokenUrl)}</div>`
    }`;
}

/** A line may end after each of its slashes. */
function breakable(url: string): Content {
  return url.split(/(?<=\/)(?!\/)/).map((part, index) => (index === 0 ? part : html`<wbr />${part}`));
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function drawConsumers(consumers: readonly Consumer[] | undefined): Html {
  if (consumers === undefined) return html`<span class="soft">not known</span>`;
  if (consumers.length === 0) return html`<span class="soft">none</span>`;
  const outdated = consumers.filter(({ isCurrent }) => isCurrent === false).length;
  const unread = consumers.filter((consumer) => consumer.unread !== undefined).length;
  return html`${consumers.length}${outdated > 0 && html`<div class="warn">${outdated} not up to date</div>`}${
    unread > 0 && html`<div class="soft">${unread} not read</div>`
  }`;
}

function drawToken({ valid, failing, none, codes, endsAtMs }: TokenSum, nowMs: number): Html {
  const ends = endsAtMs !== undefined && html`<div class="soft">ends ${fromNow(endsAtMs, nowMs)}</div>`;
  if (failing > 0) {
    const where = failing === valid + failing + none ? undefined : html` in ${failing} of ${valid + failing + none}`;
    return html`<span class="bad">${icon('cross')} failing${where}</span>
      <div><code class="cut">${codes.join(', ')}</code></div>
      ${ends}`;
  }
  if (valid > 0) return html`valid${ends}`;
  return html`<span class="soft">${none > 0 ? 'not asked for yet' : 'not known'}</span>`;
}

function drawEnds({ ends }: CredentialOverview, nowMs: number): Html {
  const soon = ends.filter(({ atMs }) => atMs - nowMs < endsSoonMs);
  return html`${soon.map(({ what, atMs }) => html`<div class="warn cut">${what} ${atMs < nowMs ? 'ended' : 'ends'} ${fromNow(atMs, nowMs)}</div>`)}`;
}
