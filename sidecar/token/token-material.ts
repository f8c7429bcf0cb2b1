import type { Clock } from '../../crds/clock.ts';
import type { Sensitive } from '../../crds/sensitive.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { TokenFailure } from '../failure.ts';
import { readProjectedToken, type ProjectedTokenGrant } from './projected-token.ts';
import type { Moment } from './sign-assertions.ts';
import type { Signed } from './sign-jwt.ts';

/** What is made or read for one token request alone. */
export interface TokenMaterial {
  /** The JWT that stands for the client: RFC 7523 section 2.2. */
  readonly clientAssertion?: Sensitive;
  /** The authorization grant, as it is sent: RFC 7522 section 2.1, RFC 7523 section 2.1. */
  readonly assertion?: Sensitive;
  /** RFC 8693 section 2.1. */
  readonly subjectToken?: Sensitive;
  readonly actorToken?: Sensitive;
}

/** A part of it, or why the token request cannot be made. */
export type Gathered<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: TokenFailure };

/** Makes and reads what the next token request needs beside its configuration. */
export type GatherMaterial = () => Promise<Gathered<TokenMaterial>>;

export interface MaterialContext {
  readonly clock: Clock;
  /** A UUID, another one at each call. */
  readonly newId: () => string;
  readonly projectedToken: ProjectedTokenGrant | undefined;
}

type Supplied = NonNullable<SidecarConfig['client']['clientAssertion']>;
type Part = Promise<Gathered<Sensitive>>;

export function gatherMaterial(config: SidecarConfig, context: MaterialContext): GatherMaterial {
  return async () => {
    const parts = await Promise.all(Object.entries(partsOf(config, context)).map(async ([name, part]) => [name, await part] as const));
    const material: Record<string, Sensitive> = {};
    for (const [name, part] of parts) {
      if (part === undefined) continue;
      if (!part.ok) return part;
      material[name] = part.value;
    }
    return { ok: true, value: material };
  };
}

function partsOf(config: SidecarConfig, context: MaterialContext): Record<keyof TokenMaterial, Part | undefined> {
  const { client, grant } = config;
  const { tokenExchange } = grant;
  const supplied = (token: Supplied | undefined): Part | undefined => token && suppliedToken(token, config, context.projectedToken);
  return {
    clientAssertion: signs(client) ? signedClientAssertion(config, context) : supplied(client.clientAssertion),
    assertion: grantAssertion(config, context),
    subjectToken: supplied(tokenExchange?.subjectToken),
    actorToken: supplied(tokenExchange?.actorToken),
  };
}

const signs = ({ authentication }: SidecarConfig['client']): boolean =>
  authentication === 'PrivateKeyJWT' || authentication === 'ClientSecretJWT';

async function suppliedToken(token: Supplied, { tokenEndpoint }: SidecarConfig, grant: ProjectedTokenGrant | undefined): Part {
  return 'value' in token ? { ok: true, value: token.value } : readProjectedToken(grant, tokenEndpoint);
}

function signedClientAssertion(config: SidecarConfig, context: MaterialContext): Part {
  const field = config.client.privateKeyJWT === undefined ? 'client.secretRef' : 'client.privateKeyJWT.keyRef';
  return signed(field, context, ({ signClientAssertion }, moment) => signClientAssertion(config, moment));
}

function grantAssertion(config: SidecarConfig, context: MaterialContext): Part | undefined {
  const { jwtBearer, saml2Bearer } = config.grant;
  if (saml2Bearer !== undefined) {
    const field = 'grant.saml2Bearer.assertion.keyRef';
    return signed(field, context, ({ encodedSamlAssertion }, moment) => encodedSamlAssertion(config, moment));
  }
  if (jwtBearer?.assertion !== undefined) {
    const { assertion } = jwtBearer;
    const field = 'grant.jwtBearer.assertion.keyRef';
    return signed(field, context, ({ signJwtAssertion }, moment) => signJwtAssertion(config, assertion, moment));
  }
  return jwtBearer?.supplied && Promise.resolve({ ok: true, value: jwtBearer.supplied });
}

type Signer = typeof import('./sign-assertions.ts');
type Sign = (signer: Signer, moment: Moment) => Signed | Promise<Signed>;

/** What signs is loaded only now: most credentials never need it, and an idle sidecar is to be small. */
async function signed(field: string, { clock, newId }: MaterialContext, sign: Sign): Part {
  try {
    const result = await sign(await import('./sign-assertions.ts'), { nowMs: clock.wallMs(), id: newId() });
    return result.ok ? result : cannotSign(field, result.why);
  } catch (error) {
    // Its message might quote what it could not read.
    return cannotSign(field, `fails with ${error instanceof Error ? error.name : typeof error}`);
  }
}

function cannotSign(field: string, why: string): Gathered<Sensitive> {
  const detail = `The assertion cannot be signed by what ${field} names: it ${why}.`;
  return { ok: false, failure: { code: 'token_not_requested', detail, hint: `Store what fits in the Secret that ${field} names.` } };
}
