import type { ApiAnswer } from './send-api-request.ts';

/** Addresses at which people log in. */
const loginPath =
  /\b(?:log-?in|sign-?in|logon|oauth2?\/authorize|oauth\/authorize|openid-connect\/auth|saml2?\/(?:idp|sso)|adfs\/ls|sso)\b/i;

const passwordField = /<input\b[^>]*\btype\s*=\s*["']?password/i;
/** Pages of single sign-on, which post themselves. */
const selfPosting = /<form\b[^>]*>[\s\S]*name\s*=\s*["']?(?:SAMLRequest|RelayState|wresult)/i;

export interface LoginPage {
  /** To which the answer redirects; undefined if the page itself came. */
  readonly host: string | undefined;
}

/** Whether somebody who has a browser is to log in. `base`: what was asked for. */
export function loginPageOf({ status, headers, content }: ApiAnswer, base: string): LoginPage | undefined {
  const location = headers['location'];
  if (status >= 300 && status < 400 && typeof location === 'string') {
    const target = URL.parse(location, base);
    return target !== null && loginPath.test(`${target.hostname.split('.')[0]}${target.pathname}`) ? { host: target.host } : undefined;
  }
  if (content.kind !== 'html') return undefined;
  return passwordField.test(content.text) || selfPosting.test(content.text) ? { host: undefined } : undefined;
}
