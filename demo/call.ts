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

/** The same, shown to the reader. */
export async function showCall(transcript: Transcript, request: Call): Promise<Answer> {
  const headers = Object.entries(request.headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  transcript.sent(
    [`${request.method ?? 'GET'} ${request.url}`, ...headers, ...(request.body === undefined ? [] : [request.body])].join('\n'),
  );
  const answer = await call(request);
  const code = answer.headers.get('tokenward-error');
  transcript.got([`${answer.status}${code === null ? '' : `  Tokenward-Error: ${code}`}`, answer.body].join('\n'));
  return answer;
}
