import type { SidecarConfig } from '../crds/sidecar-config.ts';

/**
 * Whether a token request may use something up, so that it must not be sent more often than the sidecar would: a refresh token that rotates,
 * an assertion with an identifier of its own (RFC 7523 section 3, jti).
 */
export function isForOneUse({ client, grant }: SidecarConfig): boolean {
  const isStored = client.clientAssertion !== undefined && 'value' in client.clientAssertion;
  return grant.type === 'RefreshToken' || isStored || grant.jwtBearer?.supplied !== undefined || grant.saml2Bearer?.supplied !== undefined;
}
