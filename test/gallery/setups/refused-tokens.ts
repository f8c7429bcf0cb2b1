import { serve } from '../../support/serve.ts';
import type { BrokenSetup } from '../broken-setup.ts';
import { realmUrl, revokeBefore, tokenUrl } from '../gallery-realm.ts';
import { startApiOfRealm, startOrdersApi } from '../orders-api.ts';
import { placesOf } from '../places.ts';
import { manifestsOf, sceneOf, startProvider } from '../scenes.ts';

export const redirectToLogin: BrokenSetup = {
  name: 'redirect-to-login',
  title: 'The API redirects to a login page',
  story:
    'The URL is that of the application for browsers, which sends everybody without a session to the login page, and not that of its API.',
  symptom: { status: 302 },
  needs: 'Keycloak',
  verdict: {
    code: 'api_login_page',
    sentence:
      'The API orders.acme.example answered with a redirect to login.acme.example, where people log in (status 302), so it did not take the token.',
    mend: { kind: 'elsewhere', advice: 'Check upstream.url: what a browser shows and what programs call often differ by host or path.' },
  },
  set: async ({ keycloak, stack }) => {
    const api = stack.use(await startApiOfRealm(keycloak));
    // As oauth2-proxy or SAP's application router.
    const question = new URLSearchParams({ client_id: 'orders-ui', response_type: 'code', redirect_uri: 'https://orders.acme.example/' });
    const Location = `${realmUrl(keycloak)}/protocol/openid-connect/auth?${question.toString()}`;
    const application = stack.use(await serve((_request, response) => void response.writeHead(302, { Location }).end()));
    return {
      manifests: manifestsOf({ api: application.url, login: tokenUrl(keycloak) }),
      places: placesOf({ login: keycloak.url, orders: application.url }),
      byHand: ({ manifests }) => manifests.change('spec.upstream.url', api.url),
    };
  },
};

export const wrongAudience: BrokenSetup = {
  name: 'wrong-audience',
  title: 'The token is for another API',
  story: 'The API takes tokens only that name it as their audience (`aud`), and this one does not.',
  symptom: { status: 401 },
  verdict: {
    code: 'api_audience_refused',
    sentence:
      'The API api.acme.example refused the token because it is not meant for this API: its audience is https://invoices.acme.example, and the API wants https://api.acme.example/orders (status 401, invalid_token).',
    mend: { kind: 'manifest', changes: [{ path: 'spec.grant.resource', value: ['https://api.acme.example/orders'] }], tried: true },
  },
  set: async ({ stack }) => {
    // A name of the API's own: it is given no token for what may be another API.
    const [invoices, orders] = ['https://invoices.acme.example', 'https://127.0.0.1/orders'];
    const provider = stack.use(await startProvider({ resources: [invoices, orders] }));
    const { origin } = new URL(provider.url);
    const api = stack.use(await startOrdersApi({ issuer: origin, keysUrl: `${origin}/jwks`, audience: orders }));
    return {
      manifests: manifestsOf({ api: api.url, login: provider.url }),
      places: [...placesOf({ login: provider.url, api: api.url }), ['https://127.0.0.1', 'https://api.acme.example']],
      path: '/orders',
    };
  },
};

export const missingScope: BrokenSetup = {
  name: 'missing-scope',
  title: 'The token lacks a scope',
  story: 'The API wants a scope for this call, and the credential does not ask for it.',
  symptom: { status: 403 },
  needs: 'Keycloak',
  verdict: {
    code: 'api_scope_missing',
    sentence:
      'The API api.acme.example knows the token, but GET on this path needs the scope orders.read; the token has none (status 403, insufficient_scope).',
    mend: { kind: 'manifest', changes: [{ path: 'spec.grant.scope', value: 'orders.read' }], tried: true },
  },
  set: async ({ stack, keycloak }) => {
    const api = stack.use(await startApiOfRealm(keycloak, { scope: 'orders.read' }));
    return {
      manifests: manifestsOf({ api: api.url, login: tokenUrl(keycloak) }),
      places: placesOf({ login: keycloak.url, api: api.url }),
      path: '/orders',
    };
  },
};

export const revokedToken: BrokenSetup = {
  name: 'revoked-token',
  title: 'The token has been revoked',
  story:
    'Everything about the token is right, and its issuer does not let it count: an administrator has revoked what was issued before a certain time, here by mistake up to tomorrow.',
  symptom: { status: 401 },
  needs: 'Keycloak',
  verdict: {
    code: 'api_token_revoked',
    sentence:
      'The API login.acme.example refused the token because it is not active: revoked, or unknown to whom the API asks about it (status 401, invalid_token).',
    mend: {
      kind: 'elsewhere',
      advice:
        'Check that the server that the API asks about tokens is the one that issued this one, that the client is active there, and that nobody has revoked its tokens, or all up to a certain time (Keycloak: Revocation, Not before).',
    },
  },
  set: async ({ keycloak, stack }) => {
    await revokeBefore(keycloak, Math.floor(Date.now() / 1000) + 86_400);
    const restore = (): Promise<void> => revokeBefore(keycloak, 0);
    stack.defer(restore);
    return {
      // Keycloak's own API: it knows what was revoked.
      manifests: manifestsOf(
        { api: `${realmUrl(keycloak)}/protocol/openid-connect`, login: tokenUrl(keycloak) },
        { grant: { scope: 'openid' } },
      ),
      places: placesOf({ login: keycloak.url }),
      path: '/userinfo',
      byHand: restore,
    };
  },
};

export const wrongTenant: BrokenSetup = {
  name: 'wrong-tenant',
  title: 'The token is of another tenant',
  story:
    'The token comes from the test tenant, the API belongs to the productive one: another realm, subdomain or subaccount of the same issuer.',
  symptom: { status: 401 },
  needs: 'Keycloak',
  verdict: {
    code: 'api_tenant_refused',
    sentence:
      'The API api.acme.example refused the token because it is of another tenant: it was issued by https://login.acme.example/realms/acme-test, and the API is of https://login.acme.example/realms/acme (status 401, invalid_token).',
    mend: {
      kind: 'manifest',
      changes: [{ path: 'spec.tokenEndpoint.url', value: 'https://login.acme.example/realms/acme/protocol/openid-connect/token' }],
      tried: true,
    },
  },
  set: async ({ stack, keycloak }) => {
    const api = stack.use(await startApiOfRealm(keycloak));
    return {
      manifests: manifestsOf({ api: api.url, login: tokenUrl(keycloak, 'acme-test') }),
      places: placesOf({ login: keycloak.url, api: api.url }),
      path: '/orders',
    };
  },
};

export const pathOutsideAllow: BrokenSetup = {
  name: 'path-outside-allow',
  title: 'The credential does not permit the call',
  story: '`upstream.allow` lists what may be called, and this path is not among it. Nothing is sent.',
  symptom: { status: 403, failure: 'not_allowed' },
  verdict: {
    code: 'call_not_allowed',
    sentence: 'upstream.allow has no rule for GET on /invoices/7, so Tokenward does not send it to the API api.acme.example.',
    mend: {
      kind: 'manifest',
      changes: [{ path: 'spec.upstream.allow[]', value: { methods: ['GET'], paths: ['/invoices/7'] } }],
      tried: false,
    },
    failure: 'not_allowed',
  },
  set: async (stage) => ({
    ...(await sceneOf(stage, await startProvider(), { upstream: { allow: [{ methods: ['GET'], paths: ['/orders/**'] }] } })),
    path: '/invoices/7',
  }),
};
