import { once } from 'node:events';
import * as http from 'node:http';
import { newRecording } from './recordings.ts';

export interface CallOptions {
  readonly method?: string;
  /** An array is a flat list of names and values, sent as it stands. */
  readonly headers?: http.OutgoingHttpHeaders | readonly string[];
  readonly body?: string | Uint8Array;
  readonly agent?: http.Agent;
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly trailers: NodeJS.Dict<string>;
  readonly body: string;
  /** The code, if it is a failure of Tokenward's own. */
  readonly failure: string | undefined;
}

const failures = newRecording('failure', 'answers');

/**
 * One call as a workload makes it, on a connection of its own unless an agent keeps some. What Tokenward itself says in answer is kept for
 * the canary test.
 */
export async function call(url: string, { body, agent, ...options }: CallOptions = {}): Promise<Answer> {
  const request = http.request(url, { ...options, agent: agent ?? new http.Agent({ keepAlive: false }) });
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const chunks: Buffer[] = await response.toArray();
  const text = Buffer.concat(chunks).toString('utf8');
  const failure = response.headers['tokenward-error']?.toString();
  if (failure !== undefined) failures.append(`${response.rawHeaders.join(' ')} ${text}\n`);
  return {
    status: response.statusCode ?? 0,
    statusText: response.statusMessage ?? '',
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    trailers: response.trailers,
    body: text,
    failure,
  };
}
