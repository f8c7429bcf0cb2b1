import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { Sensitive } from '../../crds/sensitive.ts';
import type { TokenFailure } from '../failure.ts';

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

export type GatheredMaterial =
  | { readonly ok: true; readonly material: TokenMaterial }
  | { readonly ok: false; readonly failure: TokenFailure };

/** Makes or reads what the next token request needs beside its configuration; never rejects. */
export type GatherMaterial = (config: SidecarConfig) => Promise<GatheredMaterial>;

export function gatherMaterialWith(): GatherMaterial {
  return ({ client, grant }) => {
    const { jwtBearer, tokenExchange } = grant;
    return Promise.resolve({
      ok: true,
      material: {
        ...valueOf('clientAssertion', client.clientAssertion),
        ...(jwtBearer?.supplied && { assertion: jwtBearer.supplied }),
        ...valueOf('subjectToken', tokenExchange?.subjectToken),
        ...valueOf('actorToken', tokenExchange?.actorToken),
      },
    });
  };
}

function valueOf(
  name: keyof TokenMaterial,
  supplied: SidecarConfig['client']['clientAssertion'],
): Partial<Record<keyof TokenMaterial, Sensitive>> {
  return supplied !== undefined && 'value' in supplied ? { [name]: supplied.value } : {};
}
