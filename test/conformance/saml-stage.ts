import { call } from '../support/call.ts';
import { canarySecret } from '../support/canary.ts';
import { makeCertificate } from '../support/make-certificate.ts';
import { check, credentialManifest, secretManifest, type SpecParts } from '../support/manifest.ts';
import { headerValue } from '../support/read-requests.ts';
import { httpAnswer } from '../support/http-answer.ts';
import { startRecordingServer, type RecordingServer } from '../support/recording-server.ts';
import { startTestSidecar, type TestSidecar } from '../support/start-test-sidecar.ts';
import type { SamlTokenServer } from '../support/saml/token-server.ts';

/** Whose assertions the token servers accept. */
export const idp = makeCertificate('idp', { rsaBits: 2048 });

/** The keys of the Secret that credentials here refer to. */
export const secretData = { 'client-secret': canarySecret('p+s%w:rd'), 'tls.key': idp.key, 'tls.crt': idp.certificate };
export const keyPair = { keyRef: { name: 'acme-secret' }, certificateRef: { name: 'acme-secret' } };

/** A sidecar that serves the manifests, between their token server and an API that takes its tokens alone. */
export interface SamlStage extends AsyncDisposable {
  readonly api: RecordingServer;
  readonly sidecar: TestSidecar;
  /** Calls the API: the user for whom it takes the call to be, or how the call failed. */
  callApi(): Promise<string>;
}

export interface SamlStageOptions extends Pick<SpecParts, 'client' | 'grant'> {
  readonly tokenServer: SamlTokenServer;
  /** What its spec says beside the URL. */
  readonly tokenEndpoint?: Readonly<Record<string, unknown>>;
  readonly secrets?: Readonly<Record<string, string>>;
  /** What the API says to a token that it does not take. */
  readonly refusal?: Buffer;
  /** Tokens that the API does not take, though they are valid. */
  readonly revoked?: ReadonlySet<string>;
}

const unauthorized = httpAnswer({ status: 401, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } });

export async function setSamlStage(options: SamlStageOptions): Promise<SamlStage> {
  const { tokenServer, tokenEndpoint = {}, secrets = {}, refusal = unauthorized, revoked = new Set(), client = {}, grant = {} } = options;
  const api = await startRecordingServer((request) => {
    const token = headerValue(request, 'authorization')?.replace(/^Bearer /, '') ?? '';
    const user = revoked.has(token) ? undefined : tokenServer.userOf(token);
    return user === undefined ? refusal : httpAnswer({ body: user });
  });
  const spec = { upstream: { url: api.url }, tokenEndpoint: { ...tokenEndpoint, url: tokenServer.url }, client, grant };
  const { rendered, problems } = check(credentialManifest(spec), secretManifest({ ...secretData, ...secrets }));
  const [credential] = rendered;
  if (credential === undefined || problems.length > 0) throw new Error(`not valid: ${JSON.stringify(problems)}`);
  const sidecar = await startTestSidecar({ configs: { api: credential.config.reveal() } });
  return {
    api,
    sidecar,
    callApi: async () => {
      const { status, failure, body } = await call(`${sidecar.url}/api/odata/v2/User`);
      return status === 200 ? body : `${status} ${failure ?? 'by the API'}`;
    },
    [Symbol.asyncDispose]: async () => {
      await sidecar[Symbol.asyncDispose]();
      await api.close();
    },
  };
}
