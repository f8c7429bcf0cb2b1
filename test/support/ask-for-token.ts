import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { systemClock } from '../../crds/clock.ts';
import type { TokenFailure } from '../../sidecar/failure.ts';
import type { Attempt, TokenAnswer } from '../../sidecar/token/attempt.ts';
import { createTokenRequester } from '../../sidecar/token/create-token-requester.ts';
import { jsonAnswer } from './http-answer.ts';
import { configOf, credentialManifest, secretManifest, type SpecParts } from './manifest.ts';
import { startRecordingServer, type RecordedRequest, type Script } from './recording-server.ts';

export interface Ask extends Partial<Omit<SpecParts, 'tokenEndpoint'>> {
  /** Path and query of the token endpoint's URL. */
  readonly path?: string;
  /** What its spec says beside the URL. */
  readonly tokenEndpoint?: Readonly<Record<string, unknown>>;
  readonly secret?: string;
  /** Further keys of the Secret. */
  readonly secretData?: Readonly<Record<string, string>>;
  readonly answer?: Script;
  /** The file that holds the projected service account token; it may be sent to the token endpoint. */
  readonly projectedTokenFile?: string;
}

export interface Asked {
  readonly attempt: Attempt;
  readonly request: RecordedRequest;
  readonly config: SidecarConfig;
  /** Scheme, host and port of the token endpoint. */
  readonly origin: string;
}

export const version = '0.0.0-test';

/** One token request, from the manifests to a server that answers as scripted. It is an error if that server is asked twice. */
export async function askForToken({ path = '/token', tokenEndpoint, client, grant, injection, ...rest }: Ask = {}): Promise<Asked> {
  const { secret = 's3cr3t', secretData, projectedTokenFile, answer = jsonAnswer({ access_token: 'tok', expires_in: 900 }) } = rest;
  const server = await startRecordingServer(answer);
  const spec = { tokenEndpoint: { ...tokenEndpoint, url: server.url + path }, ...compact({ client, grant, injection }) };
  const config = configOf(credentialManifest(spec), secretManifest({ 'client-secret': secret, ...secretData }));
  const projectedToken = projectedTokenFile === undefined ? undefined : { file: projectedTokenFile, hosts: ['127.0.0.1'] };
  const requester = createTokenRequester(config, systemClock, version, projectedToken);
  try {
    const attempt = await requester(new AbortController().signal);
    return { attempt, request: server.request, config, origin: server.url };
  } finally {
    requester.close();
    await server.close();
  }
}

/** The token that this answer brings. */
export async function tokenFrom(answer: Script, ask: Omit<Ask, 'answer'> = {}): Promise<TokenAnswer> {
  const { attempt } = await askForToken({ ...ask, answer });
  if (!attempt.ok) throw new Error(JSON.stringify(attempt.failure));
  return attempt.answer;
}

/** The failure that this answer is; it is an error if one should ask again at once. */
export async function failureFrom(answer: Script, ask: Omit<Ask, 'answer'> = {}): Promise<TokenFailure> {
  const { attempt } = await askForToken({ ...ask, answer });
  if (attempt.ok || attempt.retry !== 'never') throw new Error('this is a token, or a failure that may pass');
  return attempt.failure;
}

type Part = Readonly<Record<string, unknown>>;

function compact(parts: Readonly<Record<string, Part | undefined>>): Record<string, Part> {
  return Object.fromEntries(Object.entries(parts).filter((entry): entry is [string, Part] => entry[1] !== undefined));
}
