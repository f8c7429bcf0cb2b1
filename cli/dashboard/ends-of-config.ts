import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { certificateBlocks, endOf } from '../../crds/render/pem.ts';
import { endOfSupplied } from '../../crds/render/supplied-token.ts';
import type { CredentialOverview } from './overview.ts';

type Ends = CredentialOverview['ends'];

/** What of a credential's own material comes to an end, and when, the next one first. Authorities are not the credential's to renew. */
export function endsOfConfig({ upstream, tokenEndpoint, client, grant }: SidecarConfig): Ends {
  const { clientAssertion } = client;
  const { saml2Bearer, jwtBearer, tokenExchange, refreshToken } = grant;
  const assertion = saml2Bearer?.supplied;
  const tokens = {
    'client assertion': clientAssertion !== undefined && 'value' in clientAssertion ? clientAssertion.value : undefined,
    assertion: jwtBearer?.supplied,
    'subject token': tokenExchange !== undefined && 'value' in tokenExchange.subjectToken ? tokenExchange.subjectToken.value : undefined,
    'refresh token': refreshToken?.refreshToken,
  };
  const ends: Ends = [
    ...endsOfCertificate('client certificate for the API', upstream.tls.certificate),
    ...endsOfCertificate('client certificate for the token endpoint', tokenEndpoint.tls.certificate),
    ...endsOfCertificate('certificate of the assertion', saml2Bearer?.assertion?.certificate),
    ...endAt('assertion', assertion && endOfSupplied(assertion.reveal(), 'samlAssertion')),
    ...Object.entries(tokens).flatMap(([what, token]) => endAt(what, token && endOfSupplied(token.reveal(), 'token'))),
  ];
  return ends.toSorted((a, b) => a.atMs - b.atMs);
}

/** Of the first one, which is the client's own. */
function endsOfCertificate(what: string, pem: string | undefined): Ends {
  const [leaf] = certificateBlocks(pem ?? '');
  return endAt(what, leaf === undefined ? undefined : endOf(leaf));
}

function endAt(what: string, atMs: number | undefined): Ends {
  return atMs !== undefined ? [{ what, atMs }] : [];
}
