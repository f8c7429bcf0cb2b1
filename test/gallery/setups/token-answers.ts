import { text } from 'node:stream/consumers';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { canarySecret, canaryToken } from '../../support/canary.ts';
import { serve } from '../../support/serve.ts';
import type { BrokenSetup } from '../broken-setup.ts';
import { clientSecret, realmUrl, tokenUrl } from '../gallery-realm.ts';
import { startApiOfRealm } from '../orders-api.ts';
import { placesOf } from '../places.ts';
import { type Endpoint, manifestsOf, sceneOf } from '../scenes.ts';

const token = canaryToken('of-the-orders-job');

/** Answers every token request as it is told to. */
async function startEndpoint(answerTo: (request: IncomingMessage) => object): Promise<Endpoint> {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    await text(request);
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(answerTo(request)));
  };
  const server = await serve((request, response) => void answer(request, response));
  return {
    ...server,
    url: `${server.url}/oauth/token`,
    verifyToken: (shown) => (shown === token ? { clientId: 'orders-job' } : undefined),
  };
}

export const htmlAnswer: BrokenSetup = {
  name: 'html-answer',
  title: 'The token endpoint answers with a web page',
  story: 'The URL is that of a page for browsers: here the logout page, which stands beside the token endpoint in what issuers publish.',
  symptom: { status: 502, failure: 'token_malformed' },
  needs: 'Keycloak',
  verdict: {
    code: 'token_web_page',
    sentence: 'The token endpoint login.acme.example answered with status 200 and a web page (text/html).',
    mend: {
      kind: 'elsewhere',
      advice:
        'A web page came, such as one to log in: check that tokenEndpoint.url is the token endpoint and not the authorization endpoint.',
    },
    failure: 'token_malformed',
  },
  set: async ({ stack, keycloak }) => {
    const api = stack.use(await startApiOfRealm(keycloak));
    return {
      manifests: manifestsOf({ api: api.url, login: `${realmUrl(keycloak)}/protocol/openid-connect/logout` }),
      places: placesOf({ login: keycloak.url, api: api.url }),
      byHand: ({ manifests }) => manifests.change('spec.tokenEndpoint.url', tokenUrl(keycloak)),
    };
  },
};

export const errorWith200: BrokenSetup = {
  name: 'error-with-200',
  title: 'The token endpoint says 200, and an error',
  story: 'Some endpoints, such as that of GitHub, refuse with status 200; only the body says so.',
  symptom: { status: 502, failure: 'token_rejected', error: 'incorrect_client_credentials' },
  verdict: {
    code: 'token_client_refused',
    sentence:
      'The token endpoint login.acme.example does not accept the client orders-job or how it shows who it is (status 200, incorrect_client_credentials).',
    mend: {
      kind: 'secret',
      field: 'spec.client.secretRef',
      advice:
        'Check client.id and the secret that client.secretRef names, and that the client exists and is active at the endpoint: another way of asking was tried, and refused as well.',
      source: 'Secret orders, key client-secret',
    },
    failure: 'token_rejected',
  },
  set: async (stage) => {
    const authorization = `Basic ${Buffer.from(`orders-job:${clientSecret}`).toString('base64')}`;
    const refusal = {
      error: 'incorrect_client_credentials',
      error_description: 'The client_id and/or client_secret passed are incorrect.',
    };
    const issued = { access_token: token, token_type: 'bearer', scope: '' };
    const endpoint = await startEndpoint(({ headers }) => (headers.authorization === authorization ? issued : refusal));
    return { ...(await sceneOf(stage, endpoint, { kept: { 'client-secret': canarySecret('of-last-year') } })), rightValue: clientSecret };
  },
};

export const emptyToken: BrokenSetup = {
  name: 'empty-token',
  title: 'The token endpoint gives an empty token',
  story: 'The answer looks like a success, and `access_token` is empty: the client exists, and has not been given anything yet.',
  symptom: { status: 502, failure: 'token_malformed' },
  verdict: {
    code: 'token_empty',
    sentence: 'The token endpoint login.acme.example answered with status 200 and an empty token (access_token).',
    mend: {
      kind: 'elsewhere',
      advice:
        'The endpoint has no token for this client: ask its owner whether the client is active, and has been given what it is to call. If the token is in another field, name that in tokenEndpoint.response.accessToken.',
    },
    failure: 'token_malformed',
  },
  set: async (stage) => {
    let issued = '';
    const endpoint = await startEndpoint(() => ({ access_token: issued, token_type: 'Bearer', expires_in: 3600 }));
    return {
      ...(await sceneOf(stage, endpoint)),
      byHand: () => {
        issued = token;
      },
    };
  },
};
