import type { Transcript } from './transcript.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export interface Call {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A plain HTTP call, as any workload makes it. */
export async function call({ url, ...init }: Call): Promise<Answer> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(30_000) });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

const shownLength = 230;

/** The same, shown to the reader; Tokenward's own answers in full, for they are meant to be read. */
export async function showCall(transcript: Transcript, request: Call): Promise<Answer> {
  const headers = Object.entries(request.headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  const body = request.body === undefined ? [] : [shorten(request.body)];
  transcript.sent([`${request.method ?? 'GET'} ${request.url}`, ...headers, ...body].join('\n'));
  const answer = await call(request);
  const code = answer.headers.get('tokenward-error');
  transcript.got(
    code === null
      ? `${answer.status}\n${shorten(answer.body)}`
      : `${answer.status}  Tokenward-Error: ${code}\n${JSON.stringify(JSON.parse(answer.body), undefined, 2)}`,
  );
  return answer;
}

function shorten(text: string): string {
  return text.length <= shownLength ? text : `${text.slice(0, shownLength - 1)}…`;
}
