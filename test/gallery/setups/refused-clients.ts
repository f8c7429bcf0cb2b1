import { generateKeyPairSync } from 'node:crypto';
import { learningTokenPath, startLearningTokenServer } from '../../../demo/learning-token-server.ts';
import { canarySecret, canaryToken } from '../../support/canary.ts';
import { publicJwk } from '../../support/examples/oidc-token-server.ts';
import { startUaa } from '../../support/sap-token-servers.ts';
import type { BrokenSetup, Scene, Stage } from '../broken-setup.ts';
import { clientSecret, postClient, tokenUrl } from '../gallery-realm.ts';
import { clientId } from '../manifests.ts';
import { startApiOfRealm } from '../orders-api.ts';
import { placesOf } from '../places.ts';
import { manifestsOf, sceneOf, startProvider } from '../scenes.ts';

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
const minutesSlow = 10;

/** A client that Keycloak refuses. */
async function atKeycloak({ keycloak, stack }: Stage, client: object, secret: string): Promise<Scene> {
  const api = stack.use(await startApiOfRealm(keycloak));
  return {
    manifests: manifestsOf({ api: api.url, login: tokenUrl(keycloak) }, { client, kept: { 'client-secret': secret } }),
    places: placesOf({ login: keycloak.url, api: api.url }),
  };
}

export const wrongSecret: BrokenSetup = {
  name: 'wrong-secret',
  title: 'The client secret is wrong',
  story: 'The Secret holds another client secret than the token endpoint has for the client: an old one, or that of another system.',
  symptom: { status: 502, failure: 'token_rejected', error: 'unauthorized_client' },
  needs: 'Keycloak',
  verdict: {
    code: 'token_client_refused',
    sentence:
      'The token endpoint login.acme.example knows the client orders-job, and does not accept its secret (status 401, unauthorized_client).',
    mend: {
      kind: 'secret',
      field: 'spec.client.secretRef',
      advice: 'Store the secret that the client has at the endpoint: another way of asking was tried, and refused as well.',
      source: 'Secret orders, key client-secret',
    },
    failure: 'token_rejected',
  },
  set: async (stage) => ({ ...(await atKeycloak(stage, {}, canarySecret('of-last-year'))), rightValue: clientSecret }),
};

export const wrongClientId: BrokenSetup = {
  name: 'wrong-client-id',
  title: 'The client id is wrong',
  story: 'The token endpoint knows no client of this id: a typing error, or a client of another tenant.',
  symptom: { status: 502, failure: 'token_rejected', error: 'invalid_client' },
  needs: 'Keycloak',
  verdict: {
    code: 'token_client_refused',
    sentence: 'The token endpoint login.acme.example knows no client order-job, or has it disabled (status 401, invalid_client).',
    mend: {
      kind: 'elsewhere',
      advice:
        'Correct spec.client.id, or have the client created or enabled at the endpoint: another way of asking was tried, and refused as well.',
    },
    failure: 'token_rejected',
  },
  set: async (stage) => ({
    ...(await atKeycloak(stage, { id: 'order-job' }, clientSecret)),
    byHand: ({ manifests }) => manifests.change('spec.client.id', clientId),
  }),
};

export const bodyInsteadOfHeader: BrokenSetup = {
  name: 'body-instead-of-header',
  title: 'The secret belongs into the body, and is sent in the header',
  story:
    'The client is registered for `client_secret_post`, and the credential sends the secret in the Authorization header, as is the default.',
  symptom: { status: 502, failure: 'token_rejected', error: 'unauthorized_client' },
  needs: 'Keycloak',
  verdict: {
    code: 'token_wrong_way',
    sentence:
      'The token endpoint login.acme.example refuses the request as the manifest has it (status 401, unauthorized_client), and gives a token if it is asked with the client secret in the body.',
    mend: { kind: 'manifest', changes: [{ path: 'spec.client.authentication', value: 'ClientSecretPost' }], tried: true },
    failure: 'token_rejected',
  },
  set: (stage) => atKeycloak(stage, { id: postClient.id }, postClient.secret),
};

export const formInsteadOfJson: BrokenSetup = {
  name: 'form-instead-of-json',
  title: 'The token endpoint wants JSON, and gets a form',
  story: 'SuccessFactors Learning and a few others read the token request as JSON only; RFC 6749 has it as a form, which is the default.',
  symptom: { status: 502, failure: 'token_rejected' },
  verdict: {
    code: 'token_wrong_way',
    sentence:
      'The token endpoint login.acme.example refuses the request as the manifest has it (status 400), and gives a token if it is asked by JSON.',
    mend: { kind: 'manifest', changes: [{ path: 'spec.tokenEndpoint.contentType', value: 'application/json' }], tried: true },
    failure: 'token_rejected',
  },
  set: async (stage) => {
    let issued = 0;
    const server = await startLearningTokenServer({
      companyId: clientId,
      clientSecrets: new Set([clientSecret]),
      newToken: () => {
        issued += 1;
        return canaryToken(issued);
      },
      nowMs: Date.now,
    });
    const scope = { userId: 'admin', companyId: clientId, userType: 'admin', resourceType: 'learning_public_api' };
    return sceneOf(stage, { ...server, url: server.url + learningTokenPath }, { grant: { scope: JSON.stringify(scope) } });
  },
};

export const xsuaaIdEncoded: BrokenSetup = {
  name: 'xsuaa-id-encoded',
  title: "XSUAA's client id is sent form-encoded",
  story:
    'Ids of XSUAA hold `!` and `|`. The credential encodes id and secret (`basicEncoding: FormURLEncoded`), as RFC 6749 has it; the UAA takes them as they come.',
  symptom: { status: 502, failure: 'token_rejected', error: 'unauthorized' },
  verdict: {
    code: 'token_wrong_way',
    sentence:
      'The token endpoint login.acme.example refuses the request as the manifest has it (status 401, unauthorized), and gives a token if it is asked with id and secret as they are.',
    mend: { kind: 'manifest', changes: [{ path: 'spec.client.basicEncoding', value: 'Raw' }], tried: true },
    failure: 'token_rejected',
  },
  set: async (stage) => {
    const client = { id: 'sb-orders!b1|acme!b2', secret: clientSecret };
    return sceneOf(stage, await startUaa(client), { client: { id: client.id, basicEncoding: 'FormURLEncoded' } });
  },
};

export const uaaWithoutQueryStrings: BrokenSetup = {
  name: 'uaa-without-query-strings',
  title: 'grant_type is in the query, which the UAA does not take',
  story: 'Current releases of the UAA refuse every query string at the token endpoint, with a 405 that says nothing of it.',
  symptom: { status: 502, failure: 'token_rejected', error: 'method_not_allowed' },
  verdict: {
    code: 'token_wrong_way',
    sentence:
      'The token endpoint login.acme.example refuses the request as the manifest has it (status 405, method_not_allowed), and gives a token if it is asked with grant_type in the body.',
    mend: { kind: 'manifest', changes: [{ path: 'spec.tokenEndpoint.grantTypeIn', value: 'Body' }], tried: true },
    failure: 'token_rejected',
  },
  set: async (stage) => sceneOf(stage, await startUaa({ id: clientId, secret: clientSecret }), { tokenEndpoint: { grantTypeIn: 'Query' } }),
};

export const clockSkew: BrokenSetup = {
  name: 'clock-skew',
  title: "The machine's clock is wrong",
  story: `The client signs its requests (\`PrivateKeyJWT\`) on a machine whose clock is ${minutesSlow} minutes slow: when the token endpoint gets them, they have expired.`,
  symptom: { status: 502, failure: 'token_rejected', error: 'invalid_client' },
  verdict: {
    code: 'clock_skew',
    sentence:
      'The token endpoint login.acme.example does not accept the signed assertion (status 401, invalid_client), and the clock here, by which it is dated, is 10 min behind that of the endpoint.',
    mend: { kind: 'elsewhere', advice: 'Set the clock of this machine (of the node, for a pod) by NTP, and see that it stays right.' },
    failure: 'token_rejected',
  },
  set: async (stage) => {
    const provider = await startProvider({
      client: {
        client_id: clientId,
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        jwks: { keys: [await publicJwk(key, { kid: 'k1', use: 'sig' })] },
      },
    });
    const privateKeyJWT = { keyRef: { name: 'orders', key: 'key' }, algorithm: 'ES256', keyId: 'k1' };
    // What is undefined is not written.
    const client = { secretRef: undefined, authentication: 'PrivateKeyJWT', privateKeyJWT };
    return {
      ...(await sceneOf(stage, provider, { client, kept: { key } })),
      clockAheadMs: -minutesSlow * 60_000,
      byHand: ({ clock }) => clock.setWall(minutesSlow * 60_000),
    };
  },
};
