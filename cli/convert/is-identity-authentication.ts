/** SAP Cloud Identity Services decode id and secret in a Basic header, as RFC 6749 section 2.3.1 says; the UAA does not. */
export function isIdentityAuthentication(url: string): boolean {
  return URL.canParse(url) && /(?:^|\.)accounts\d*\.(?:ondemand\.com|cloud\.sap|sapcloud\.cn)$/u.test(new URL(url).hostname);
}
