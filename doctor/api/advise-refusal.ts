import type { Change, Mend } from '../examination.ts';
import type { AnsweredCall } from './answered-call.ts';
import { type ApiVerdictCode, isInjectedElsewhere } from './find-reason.ts';
import { inNamedTenant } from './named-issuer.ts';
import { wantedAudiences, wantedScopes } from './word-refusal.ts';

export interface Advice {
  /** If nothing can be changed, or no change helped. */
  readonly mend: Mend;
  /** The likeliest first. */
  readonly remedies: readonly Remedy[];
}

/** Changes of the credential that may mend it together. */
export interface Remedy {
  readonly changes: readonly Change[];
  /** The API itself says what is needed; otherwise it is worth a try, and no more. */
  readonly isNamed: boolean;
}

type Advise = (it: AnsweredCall) => Advice;

const elsewhere = (advice: string, remedies: Advice['remedies'] = []): Advice => ({ mend: { kind: 'elsewhere', advice }, remedies });

const advices: Readonly<Partial<Record<ApiVerdictCode, Advise>>> = {
  api_address_refused: () =>
    elsewhere(
      'Have the address that calls leave the cluster (or this machine) from put on the list of those that the API permits, or go by a proxy that is on it (upstream.proxy).',
    ),
  api_audience_refused: (it) => {
    const advice =
      'Name the API as its owner does in grant.audience or grant.resource, whichever the token endpoint knows; or have the endpoint put it into the tokens of this client (Keycloak: an audience mapper in one of its client scopes).';
    return elsewhere(advice, audienceRemedies(it));
  },
  api_csrf_token_wanted: () =>
    elsewhere(
      'The caller fetches one first, with a GET that has the header X-CSRF-Token: Fetch, and sends it with the cookies that came with it. Tokenward passes both on.',
    ),
  api_forbidden: ({ facts, safe }) =>
    elsewhere(
      `Have the client${facts?.client === undefined ? '' : ` ${safe(facts.client)}`} given the role or permission in the API, or in the system that it belongs to; if others may do this, ask its owner what they have.`,
    ),
  api_issuer_refused: ({ issuer, safe, facts }) =>
    elsewhere(
      issuer !== undefined && issuer.relation === 'other'
        ? `Take the token from ${safe(issuer.url)}: set tokenEndpoint.url to its token endpoint, and client to one that is registered there.`
        : `Have the API trust ${facts?.issuer === undefined ? 'the issuer of this token' : safe(facts.issuer)} and its keys, or set tokenEndpoint.url to the endpoint of an issuer that it trusts.`,
    ),
  api_key_wanted: ({ words }) => ({
    mend: {
      kind: 'secret',
      field: 'spec.upstream.headers',
      advice: `Store the API key in a Secret and have it sent: upstream.headers with name ${keyHeaderIn(words.text)} and secretKeyRef.`,
    },
    remedies: [],
  }),
  api_scheme_refused: () =>
    elsewhere(
      'Check upstream.url: the API may take tokens under another host or path. If it takes none at all, Tokenward cannot call it.',
      [],
    ),
  api_scope_missing: (it) => {
    const wanted = wantedScopes(it);
    const named = it.words.bearer?.parameters.has('scope') === true;
    const what = wanted.length === 0 ? 'the scope or role that its owner names' : wanted.map(it.safe).join(' ');
    const advice = `Have the client${it.facts?.client === undefined ? '' : ` ${it.safe(it.facts.client)}`} given ${what} at the token endpoint ${new URL(it.config.tokenEndpoint.url).host}, and name it in grant.scope if it is not given unasked.`;
    if (!named || wanted.length === 0) return elsewhere(advice);
    const scope = [...new Set([...(it.config.grant.scope ?? '').split(' ').filter(Boolean), ...wanted])].join(' ');
    return elsewhere(advice, [{ changes: [{ path: 'spec.grant.scope', value: scope }], isNamed: true }]);
  },
  api_tenant_refused: (it) => {
    const url = endpointOfNamedTenant(it);
    return elsewhere(
      'Let tokenEndpoint.url and upstream.url name the same tenant, and the client be one of it.',
      url === undefined ? [] : [{ changes: [{ path: 'spec.tokenEndpoint.url', value: url }], isNamed: true }],
    );
  },
  api_token_expired: () => elsewhere('Check the clocks: that of this machine or node, of the token endpoint and of the API.'),
  api_token_not_seen: ({ config }) =>
    elsewhere(
      'Ask the owner of the API in which header it wants the token (injection.header, injection.scheme).',
      isInjectedElsewhere(config) ? plainInjection : [],
    ),
  api_token_refused: () =>
    elsewhere(
      "Ask the owner of the API what its log says of this call. Mostly it is the audience, the issuer or the tenant: the token's claims are above if it is a JWT.",
    ),
  api_token_revoked: () =>
    elsewhere(
      'Check that the server that the API asks about tokens is the one that issued this one, that the client is active there, and that nobody has revoked its tokens, or all up to a certain time (Keycloak: Revocation, Not before).',
    ),
  api_token_too_early: () => elsewhere('Check the clocks of the token endpoint and of the API: they differ.'),
  api_user_wanted: () =>
    elsewhere(
      'Use a grant that brings a user: JWTBearer, SAML2Bearer, TokenExchange, Password or RefreshToken (grant.type); or have the API permit the client by itself.',
    ),
  api_wrong_token: ({ config }) =>
    elsewhere(
      'Take the access token of the answer: leave tokenEndpoint.response.accessToken out, or name another field.',
      config.tokenEndpoint.response.accessToken === undefined
        ? []
        : [{ changes: [{ path: 'spec.tokenEndpoint.response.accessToken', value: undefined }], isNamed: false }],
    ),
};

const plainInjection: Advice['remedies'] = [
  {
    changes: [
      { path: 'spec.injection.header', value: undefined },
      { path: 'spec.injection.scheme', value: undefined },
    ],
    isNamed: false,
  },
];

/** What can be done about a refusal. */
export function adviseRefusal(it: AnsweredCall, code: ApiVerdictCode): Advice {
  return advices[code]?.(it) ?? elsewhere('Ask the owner of the API what its log says of this call.');
}

/** What the API names, else its base URL, by the one name or the other: RFC 8707 has `resource`, others `audience`. */
function audienceRemedies(it: AnsweredCall): Advice['remedies'] {
  const { config } = it;
  const named = wantedAudiences(it);
  const candidates = named.length > 0 ? named.slice(0, 2) : [config.upstream.url];
  return candidates.flatMap((audience) => {
    const isUrl = URL.canParse(audience);
    const ways = [
      ...(isUrl ? [[{ path: 'spec.grant.resource', value: [audience] }, ...without('audience', config.grant.audience)]] : []),
      [{ path: 'spec.grant.audience', value: [audience] }, ...without('resource', config.grant.resource)],
    ];
    return ways.map((changes) => ({ changes, isNamed: named.length > 0 }));
  });
}

function without(field: 'audience' | 'resource', values: readonly string[]): Change[] {
  return values.length === 0 ? [] : [{ path: `spec.grant.${field}`, value: undefined }];
}

/** The token endpoint in another tenant or realm of the same server: only there may the client's secret be tried. */
function endpointOfNamedTenant({ issuer, config, safe }: AnsweredCall): string | undefined {
  if (issuer?.relation !== 'tenant') return undefined;
  const url = inNamedTenant(new URL(config.tokenEndpoint.url), new URL(issuer.url));
  return url !== undefined && safe(url) === url ? url : undefined;
}

function keyHeaderIn(text: string): string {
  if (/subscription key/i.test(text)) return 'Ocp-Apim-Subscription-Key';
  return /\b(x-api-key|apikey|x-apikey|api-key)\b/i.exec(text)?.[1] ?? 'APIKey';
}
