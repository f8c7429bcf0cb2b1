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
