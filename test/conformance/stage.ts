import { httpAnswer } from '../support/http-answer.ts';
import { type RecordingServer, type Script, startRecordingServer } from '../support/recording-server.ts';
import { headerValue } from '../support/read-requests.ts';
import { type TestConfig, testConfig } from '../support/sidecar-config.ts';
import { startTestSidecar, type TestSidecar } from '../support/start-test-sidecar.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';

export interface StageOptions {
  /** What the API answers, by request; 200 by default. */
  readonly api?: Script | readonly Script[];
  /** Of the API, without a slash at its end. */
  readonly basePath?: string;
  readonly lifetimeSeconds?: number;
  readonly config?: Partial<Omit<TestConfig, 'upstream' | 'tokenEndpoint'>>;
  /** Beside the URL. */
  readonly upstream?: Partial<Exclude<TestConfig['upstream'], string>>;
}

/** A token endpoint, an API that keeps every byte, and a sidecar between them whose alias `api` is ready. */
export interface Stage extends AsyncDisposable {
  readonly issuer: TokenIssuer;
  readonly api: RecordingServer;
  readonly sidecar: TestSidecar;
  /** Of the alias, without a slash at its end. */
  readonly url: string;
  /** What the API got as Authorization, request by request. */
  readonly authorizations: readonly (string | undefined)[];
}

export async function setStage({
  api: scripts = httpAnswer(),
  basePath = '',
  lifetimeSeconds,
  config,
  upstream,
}: StageOptions = {}): Promise<Stage> {
  const issuer = await startTokenIssuer(lifetimeSeconds);
  const api = await startRecordingServer(scripts);
  const credential = testConfig({ upstream: { url: api.url + basePath, ...upstream }, tokenEndpoint: issuer.url, ...config });
  const sidecar = await startTestSidecar({ configs: { api: credential } });
  return {
    issuer,
    api,
    sidecar,
    url: `${sidecar.url}/api`,
    get authorizations() {
      return api.requests.map((request) => headerValue(request, 'authorization'));
    },
    [Symbol.asyncDispose]: async () => {
      await sidecar[Symbol.asyncDispose]();
      await api.close();
      await issuer[Symbol.asyncDispose]();
    },
  };
}
