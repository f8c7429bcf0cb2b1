import type { Rule } from '../rule.ts';
import { armRules } from './arm-rules.ts';

interface Grant {
  readonly type: string;
  readonly password?: unknown;
  readonly saml2Bearer?: unknown;
  readonly jwtBearer?: unknown;
  readonly tokenExchange?: unknown;
  readonly refreshToken?: unknown;
}

interface Spec {
  readonly tokenEndpoint: { readonly grantTypeIn: string };
  readonly grant: { readonly type: string };
}

export const grantTypeIsSent: Rule<Spec> = {
  reason: 'InvalidGrant',
  at: ['tokenEndpoint', 'grantTypeIn'],
  cel: "self.grant.type != 'None' || self.tokenEndpoint.grantTypeIn == 'Body'",
  holds: ({ grant, tokenEndpoint }) => grant.type !== 'None' || tokenEndpoint.grantTypeIn === 'Body',
  message: 'is not used by grant.type: None, which sends no grant_type: remove it',
};

export const grantRules: readonly Rule<Grant>[] = armRules({
  reason: 'InvalidGrant',
  discriminator: 'type',
  arms: {
    Password: 'password',
    SAML2Bearer: 'saml2Bearer',
    JWTBearer: 'jwtBearer',
    TokenExchange: 'tokenExchange',
    RefreshToken: 'refreshToken',
  },
});
