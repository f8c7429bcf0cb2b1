import type { BrokenSetup } from './broken-setup.ts';
import { credentialMissing, secretUnlabelled } from './setups/manifests.ts';
import { addressFamily, dnsMissing, portClosed, proxyNeeded } from './setups/network.ts';
import {
  bodyInsteadOfHeader,
  clockSkew,
  formInsteadOfJson,
  uaaWithoutQueryStrings,
  wrongClientId,
  wrongSecret,
  xsuaaIdEncoded,
} from './setups/refused-clients.ts';
import { missingScope, pathOutsideAllow, redirectToLogin, revokedToken, wrongAudience, wrongTenant } from './setups/refused-tokens.ts';
import { expiredCa, unknownCa, wrongHost } from './setups/tls.ts';
import { emptyToken, errorWith200, htmlAnswer } from './setups/token-answers.ts';

/** The gallery, in the order of the documentation: along the way of a call. */
export const brokenSetups: readonly { readonly theme: string; readonly setups: readonly BrokenSetup[] }[] = [
  { theme: 'The manifests', setups: [credentialMissing, secretUnlabelled] },
  { theme: 'The way there', setups: [dnsMissing, portClosed, addressFamily, proxyNeeded, wrongHost, unknownCa, expiredCa] },
  {
    theme: 'The token endpoint refuses',
    setups: [
      wrongSecret,
      wrongClientId,
      bodyInsteadOfHeader,
      xsuaaIdEncoded,
      formInsteadOfJson,
      uaaWithoutQueryStrings,
      clockSkew,
      errorWith200,
      emptyToken,
      htmlAnswer,
    ],
  },
  { theme: 'The API refuses', setups: [redirectToLogin, wrongAudience, missingScope, wrongTenant, revokedToken, pathOutsideAllow] },
];
