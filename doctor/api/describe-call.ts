import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { holdsSecret } from '../../sidecar/token/redactor.ts';
import type { Step } from '../examination.ts';
import type { AnsweredCall } from './answered-call.ts';
import { plainText } from './answer-words.ts';
import type { ApiRequest } from './build-api-request.ts';
import { serversOf } from './gateway.ts';
import type { Judgement } from './judge-answer.ts';
import { redacted, shown } from './shown.ts';
import { shownLocation } from './shown-location.ts';

type Described = Pick<Step, 'outcome' | 'summary' | 'details'>;

/** The request as it goes out: of the headers that a credential sets the names alone, for their values are secrets. */
export function describeRequest({ method, url }: ApiRequest, config: SidecarConfig): Pick<Step, 'summary' | 'details'> {
  const { upstream, injection } = config;
  const scheme = injection.scheme === undefined ? 'Bearer ' : injection.scheme === '' ? '' : `${injection.scheme} `;
  const safeUrl = holdsSecret(config, {}, url) ? new URL(url).origin : shown(url);
  const headers = upstream.headers.map(({ name }) => `${name}: [redacted]`);
  const query = upstream.queryParameters.map(({ name }) => `${shown(name)}=[redacted]`).join('&');
  return {
    summary: `${method} ${safeUrl}`,
    details: [...(query === '' ? [] : [`query: ${query}`]), ...headers, `${injection.header}: ${scheme}[redacted]`],
  };
}

const longestQuote = 300;

/** The answer as it came, redacted; only what says something about the reason. */
export function describeAnswer({ url, answer, words, metadata, safe, redact }: AnsweredCall, { verdict }: Judgement): Described {
  const { status, headers } = answer;
  const challenges = words.challenges.map(({ scheme, parameters }) => {
    const listed = [...parameters].map(([name, value]) => `${name}="${quoted(name, value, safe, redact)}"`).join(', ');
    return `WWW-Authenticate: ${scheme} ${listed}`.trim();
  });
  const { location } = headers;
  const target = typeof location === 'string' ? [`location: ${shownLocation(location, url, redact)}`] : [];
  const telling = ['allow', 'x-csrf-token', 'retry-after'].flatMap((name) =>
    typeof headers[name] === 'string' ? [`${name}: ${shown(redact(headers[name]))}`] : [],
  );
  // Of what has been cut and smoothed a secret would not be recognised.
  const text = safe(words.raw) === redacted ? plainText(redact(words.raw)) : redact(words.text);
  const said = status >= 400 && words.text !== '' ? [`says: ${shown(text, longestQuote)}`] : [];
  const servers = serversOf(answer).map(([name, value]) => `${name}: ${safe(value)}`);
  const found =
    metadata === undefined
      ? []
      : [`metadata: resource ${safe(metadata.resource)}, issuers ${metadata.authorizationServers.map(safe).join(', ')}`];
  const type = typeof headers['content-type'] === 'string' ? `, ${safe(headers['content-type'])}` : '';
  const outcome = verdict.code === 'works' ? (status < 400 ? 'ok' : 'odd') : 'failed';
  return { outcome, summary: `status ${status}${type}`, details: [...challenges, ...target, ...telling, ...said, ...found, ...servers] };
}

/** Names are shown as they are; prose is redacted, and what nobody knows the meaning of as well. */
function quoted(name: string, value: string, safe: AnsweredCall['safe'], redact: AnsweredCall['redact']): string {
  const isName = ['realm', 'scope', 'error', 'resource_metadata', 'authorization_uri', 'audience', 'resource'].includes(name);
  return isName ? safe(value) : shown(redact(value));
}
