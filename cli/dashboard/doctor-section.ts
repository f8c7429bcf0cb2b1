import type { Change, Examination, Mend, Step, Subject } from '../../doctor/examination.ts';
import { formatChanges } from '../../doctor/format-examination.ts';
import type { RunningExamination } from './examinations.ts';
import { type Html, html } from './html.ts';
import type { Consumer, CredentialOverview } from './overview.ts';
import type { View } from './page.ts';
import { duration, pointInTime } from './show-time.ts';
import { badge, icon, outcomeTexts } from './state-texts.ts';

interface DoctorSection {
  readonly view: View;
  readonly credential: CredentialOverview;
  readonly examination: RunningExamination | undefined;
  /** Where the form goes. */
  readonly action: string;
}

/** What the method of a call to try can be: those that change nothing. */
export const examinableMethods = ['GET', 'HEAD', 'OPTIONS'] as const;

/** A consumer as the form names it. */
export function consumerKey({ name, alias }: Pick<Consumer, 'name' | 'alias'>): string {
  return `${name} ${alias}`;
}

/** The button, and what came of it. */
export function drawDoctor({ view, credential, examination, action }: DoctorSection): Html {
  const consumers = credential.consumers ?? [];
  if (!view.canExamine) return html`<p class="soft">There is no doctor here.</p>`;
  return html`<div class="doctor">
    <p id="doctor-does">Goes the way of a call step by step, from DNS to the API's answer, and says who says no and why.</p>
    ${consumers.length === 0 ? html`<p class="soft">It works from where the credential is used, and nobody uses it.</p>` : drawForm(consumers, examination, action)}
    <div id="result" aria-live="polite">${examination !== undefined && drawExamination(examination)}</div>
  </div>`;
}

/** Asks for the same as the last time, unless something else is chosen. */
function drawForm(consumers: readonly Consumer[], last: RunningExamination | undefined, action: string): Html {
  const isRunning = last?.state === 'running';
  const asked = last && consumerKey({ name: last.request.consumer, alias: last.request.alias });
  const option = (value: string, label: string, isChosen: boolean): Html =>
    html`<option value="${value}" ${isChosen && html` selected`}>${label}</option>`;
  const froms = consumers.map((consumer) =>
    option(consumerKey(consumer), `${consumer.name} (${consumer.alias})`, consumerKey(consumer) === asked),
  );
  const methods = examinableMethods.map((method) => option(method, method, method === last?.request.method));
  const [only] = consumers;
  return html`<form method="post" action="${action}" aria-describedby="doctor-does">
    ${
      consumers.length === 1 && only !== undefined
        ? html`<input type="hidden" name="consumer" value="${consumerKey(only)}" />`
        : html`<div>
            <label for="consumer">From where</label
            ><select id="consumer" name="consumer">
              ${froms}
            </select>
          </div>`
    }
    <div>
      <label for="method">Method</label
      ><select id="method" name="method">
        ${methods}
      </select>
    </div>
    <div class="path">
      <label for="path">Path below the base URL (empty: the doctor chooses)</label
      ><input
        id="path"
        name="path"
        value="${last?.request.path}"
        autocomplete="off"
        spellcheck="false"
        pattern="/.*"
        title="Begins with a slash"
      />
    </div>
    <label class="check"
      ><input type="checkbox" name="probe" value="yes" ${last?.request.probe !== false && html` checked`} />If somebody refuses, try other
      ways of asking: 4 at most, and none that could lock a client out</label
    >
    <button class="main" ${isRunning && html` aria-disabled="true"`}>${icon('doctor')}${isRunning ? 'Examining…' : 'Examine'}</button>
  </form>`;
}

function drawExamination(running: RunningExamination): Html {
  const { request, startedAtMs, state } = running;
  const steps = state === 'done' ? running.examination.steps : running.steps;
  const what = request.path === undefined ? request.method : `${request.method} ${request.path}`;
  return html`<p class="soft">${what}, from ${request.consumer} (${request.alias}), ${pointInTime(startedAtMs)}</p>
    ${state === 'done' && drawVerdict(running.examination)}
    ${
      state === 'broken' &&
      html`<div class="note bad verdict">
        <h3>No verdict</h3>
        <p>${running.error}</p>
      </div>`
    }
    ${state === 'running' && html`<p>Under way…</p>`}
    ${
      steps.length > 0 &&
      html`<ol class="steps" aria-label="Steps">
        ${steps.map(drawStep)}
      </ol>`
    }`;
}

const subjects: Readonly<Record<Subject, string>> = { credential: 'Credential', tokenEndpoint: 'Token endpoint', api: 'API' };

function drawStep({ subject, name, outcome, tookMs, summary, details }: Step): Html {
  return html`<li>
    <div>${badge(outcomeTexts[outcome])}</div>
    <div class="what">
      <strong>${subjects[subject]}: ${name}</strong>
      <div>${summary}</div>
    </div>
    <div class="soft number">${duration(tookMs)}</div>
    ${
      details.length > 0 &&
      html`<details>
        <summary>Details<span class="hidden"> of ${subjects[subject]}: ${name}</span></summary>
        <pre>${details.join('\n')}</pre>
      </details>`
    }
  </li>`;
}

function drawVerdict({ verdict: { code, sentence, mend, failure } }: Examination): Html {
  return html`<section class="note verdict ${code === 'works' ? 'good' : 'bad'}" aria-labelledby="verdict">
    <h3 id="verdict">${icon(code === 'works' ? 'check' : 'cross')} ${sentence}</h3>
    <p class="soft"><code>${code}</code>${failure !== undefined && html`; callers get <code>${failure}</code>`}</p>
    ${mend !== undefined && drawMend(mend)}
  </section>`;
}

function drawMend(mend: Mend): Html {
  if (mend.kind === 'manifest') {
    const what = mend.tried ? 'This change of the manifest was tried, and it works:' : 'Change the manifest:';
    return html`<p><strong>${what}</strong></p>
      <pre>${pasteable(mend.changes)}</pre>`;
  }
  const field = mend.kind === 'secret' && html`<strong>The value of <code>${mend.field}</code>:</strong> `;
  return html`<p>${field}${mend.advice}</p>
    ${mend.kind === 'command' && html`<pre>${mend.command}</pre>`}`;
}

/** Without the indentation that it has in a terminal. */
function pasteable(changes: readonly Change[]): string {
  return formatChanges(changes)
    .map((line) => line.replace(/^ {2}/, ''))
    .join('\n')
    .trim();
}
