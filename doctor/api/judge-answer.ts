import type { Mend, Verdict } from '../examination.ts';
import { adviseRefusal, type Remedy } from './advise-refusal.ts';
import type { AnsweredCall } from './answered-call.ts';
import { type ApiVerdictCode, findReason, isRefusal } from './find-reason.ts';
import { loginPageOf } from './login-page.ts';
import { refuser, statusOf, wordRefusal } from './word-refusal.ts';

/** What an answer of the API comes to. */
export interface Judgement {
  readonly verdict: Verdict;
  /** The token has passed, as far as can be seen. */
  readonly tokenAccepted: boolean;
  /** The likeliest first. */
  readonly remedies: readonly Remedy[];
}

/** Who said no and why, if anybody did. */
export function judgeAnswer(it: AnsweredCall): Judgement {
  const { status } = it.answer;
  const page = loginPageOf(it.answer, it.url);
  if (page !== undefined) {
    const what = page.host === undefined ? 'with a web page to log in' : `with a redirect to ${it.safe(page.host)}, where people log in`;
    const sentence = `${refuser(it)} answered ${what} (${statusOf(it)}), so it did not take the token.`;
    return judged(
      'api_login_page',
      sentence,
      'Check upstream.url: what a browser shows and what programs call often differ by host or path.',
    );
  }
  if (status < 400) return { verdict: { code: 'works', sentence: accepted(it) }, tokenAccepted: true, remedies: [] };
  if (isRefusal(it)) return judgeRefusal(it);
  return judgeOther(it);
}

function judgeRefusal(it: AnsweredCall): Judgement {
  const reason = findReason(it);
  const { mend, remedies } = adviseRefusal(it, reason.code);
  const tokenAccepted = reason.code === 'api_csrf_token_wanted';
  return { verdict: { code: reason.code, sentence: wordRefusal(it, reason), mend }, tokenAccepted, remedies };
}

interface Other {
  readonly code: ApiVerdictCode;
  /** What follows "the API …". */
  readonly what: (it: AnsweredCall) => string;
  readonly advice: string;
}

const others: Readonly<Record<number, Other>> = {
  404: {
    code: 'api_path_refused',
    what: () => 'has nothing at this path',
    advice: "Check upstream.url and the path: the one is the beginning of the other's address.",
  },
  405: {
    code: 'api_method_refused',
    what: ({ call, answer, safe }) => `does not take ${call.method} on this path${allowedBy(answer.headers['allow'], safe)}`,
    advice: 'Name the method that is meant by --method, or check the path.',
  },
  407: {
    code: 'api_address_refused',
    what: () => 'is behind a proxy that wants credentials',
    advice: 'Check upstream.proxy and its credentials.',
  },
  429: { code: 'api_throttled', what: () => 'has had too many calls', advice: 'Call it less often, or have the limit raised.' },
};

function judgeOther(it: AnsweredCall): Judgement {
  const { status } = it.answer;
  if (status >= 500)
    return judged('api_failed', `${refuser(it)} failed (${statusOf(it)}).`, 'Look at its log, and at that of what stands before it.');
  const other = others[status];
  // Nobody said that there is anything at the base URL itself.
  if ((status === 404 || status === 405) && it.call.path === undefined) {
    const sentence = `A token was issued, and ${lowerFirst(refuser(it))} did not refuse it, as far as can be seen where there is nothing to call (${statusOf(it)}): --path names what is meant.`;
    return { verdict: { code: 'works', sentence }, tokenAccepted: true, remedies: [] };
  }
  const what = other?.what(it) ?? 'refused the request';
  const sentence = `${refuser(it)} ${what} (${statusOf(it)}); the token was accepted, as far as can be seen.`;
  return {
    ...judged(other?.code ?? 'api_request_refused', sentence, other?.advice ?? 'Check what the request is to have: the answer may say it.'),
    tokenAccepted: true,
  };
}

function judged(code: ApiVerdictCode, sentence: string, advice: string): Judgement {
  const mend: Mend = { kind: 'elsewhere', advice };
  return { verdict: { code, sentence, mend }, tokenAccepted: false, remedies: [] };
}

function accepted(it: AnsweredCall): string {
  const { call, answer } = it;
  const location = answer.headers['location'];
  const target = answer.status >= 300 && typeof location === 'string' ? URL.parse(location, it.url)?.host : undefined;
  return `${refuser(it)} took the token and answered ${call.method} with status ${answer.status}${target === undefined ? '' : `, a redirect to ${it.safe(target)}`}.`;
}

function allowedBy(allow: string | string[] | undefined, safe: (value: unknown) => string): string {
  return typeof allow === 'string' && allow !== '' ? `, only ${safe(allow)}` : '';
}

/** Within a sentence; other beginnings are names. */
function lowerFirst(text: string): string {
  return text.replace(/^The /, 'the ');
}
