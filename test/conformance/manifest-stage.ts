import { canarySecret } from '../support/canary.ts';
import { check, credentialManifest, secretManifest, type SpecParts } from '../support/manifest.ts';
import { type RecordingServer, type Script, startRecordingServer } from '../support/recording-server.ts';
import { startTestSidecar, type TestSidecar } from '../support/start-test-sidecar.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';

/** A sidecar that serves a manifest, between a token endpoint and an API that keeps every byte. */
export interface ManifestStage extends AsyncDisposable {
  readonly issuer: TokenIssuer;
  readonly api: RecordingServer;
  readonly sidecar: TestSidecar;
  /** Of the alias, without a slash at its end. */
  readonly url: string;
}

export interface ManifestStageOptions extends Omit<SpecParts, 'upstream' | 'tokenEndpoint'> {
  readonly api: Script | readonly Script[];
  readonly secrets?: Readonly<Record<string, string>>;
}

export async function setManifestStage({ api: scripts, secrets, ...parts }: ManifestStageOptions): Promise<ManifestStage> {
  await using cleanup = new AsyncDisposableStack();
  const issuer = cleanup.use(await startTokenIssuer());
  const api = cleanup.use(await startRecordingServer(scripts));
  const spec = { upstream: { url: api.url }, tokenEndpoint: { url: `${issuer.url}/token` }, ...parts };
  const { rendered, problems } = check(credentialManifest(spec), secretManifest({ 'client-secret': canarySecret('client'), ...secrets }));
  const [credential] = rendered;
  if (credential === undefined || problems.length > 0) throw new Error(`not valid: ${JSON.stringify(problems)}`);
  const sidecar = cleanup.use(await startTestSidecar({ configs: { api: credential.config.reveal() } }));
  const whole = cleanup.move();
  return { issuer, api, sidecar, url: `${sidecar.url}/api`, [Symbol.asyncDispose]: () => whole.disposeAsync() };
}
