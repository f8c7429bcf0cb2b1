import { unescaped } from '../../crds/render/private-key.ts';
import { type Conversion, type ConvertOptions, Draft } from './conversion.ts';
import { isIdentityAuthentication } from './is-identity-authentication.ts';
import { notesOn } from './property-table.ts';
import { printable } from './printable.ts';
import { serviceKeyProperties } from './service-key-properties.ts';

/** The credentials of a service key or binding: JSON that is an object. */
export type ServiceKey = Readonly<Record<string, unknown>>;

/** A service key of XSUAA, of Identity Authentication or of a service that uses one of the two, as a credential for its client. */
export function convertServiceKey(key: ServiceKey, options: ConvertOptions): Conversion {
  const draft = new Draft(options);
  const nesting = nestingOf(key);
  const oauth = nesting === undefined ? key : objectOf(key[nesting]);
  draft.notes.push(...notesOn(new Set([...namesIn(oauth), ...namesIn(key, nesting)]), serviceKeyProperties));
  const id = textOf(oauth, 'clientid');
  if (id === undefined) draft.lack('clientid is missing: it is in every service key of XSUAA and Identity Authentication');
  const isX509 = hasCertificate(oauth, options);
  const grantType = textOf(oauth, 'granttype') ?? textOf(oauth, 'grant_type') ?? 'client_credentials';
  if (grantType !== 'client_credentials') draft.lack('grant_type is not client_credentials, which alone can be converted');
  const spec = {
    upstream: { url: upstreamUrlOf(key, nesting, draft) },
    tokenEndpoint: {
      url: tokenUrlOf(oauth, isX509, draft),
      ...(isX509 && { tls: { clientCertificate: { secretName: clientCertificate(oauth, draft) } } }),
    },
    client: { id: id ?? '', ...(isX509 ? { authentication: 'TLSClientAuth' } : withSecret(oauth, draft)) },
  };
  return draft.finish(spec);
}

/** Where a service puts what XSUAA gave it: services of SAP BTP under uaa, those of SAP Integration Suite under oauth. */
const nestingOf = (key: ServiceKey): string | undefined => ['uaa', 'oauth'].find((name) => isObject(key[name]));

/** `endpoints` and what is like it count one by one. */
const namesIn = (key: ServiceKey, except?: string): string[] =>
  Object.entries(key).flatMap(([name, value]) => {
    if (name === except) return [];
    return isObject(value) ? Object.keys(value).map((member) => `${name}.${member}`) : [name];
  });

function hasCertificate(oauth: ServiceKey, { files }: ConvertOptions): boolean {
  const type = textOf(oauth, 'credential-type') ?? '';
  if (/^x509/iu.test(type) || files.has('tls.crt')) return true;
  return textOf(oauth, 'clientsecret') === undefined && textOf(oauth, 'certificate') !== undefined;
}

function tokenUrlOf(oauth: ServiceKey, isX509: boolean, draft: Draft): string {
  const whole = textOf(oauth, 'tokenurl') ?? textOf(oauth, 'token_endpoint');
  if (whole !== undefined) return whole;
  const isIas = isOfIdentityAuthentication(oauth);
  const property = isX509 && !isIas ? 'certurl' : 'url';
  const base = textOf(oauth, property);
  if (base === undefined) draft.lack(`${property} is missing, the token service: it is in every service key of this kind`);
  return (base ?? '').replace(/\/+$/u, '') + (isIas ? '/oauth2/token' : '/oauth/token');
}

function isOfIdentityAuthentication(oauth: ServiceKey): boolean {
  if (['xsappname', 'uaadomain', 'identityzone'].some((name) => name in oauth)) return false;
  if (['authorization_endpoint', 'osb_url', 'prooftoken_url', 'app_tid', 'zone_uuid'].some((name) => name in oauth)) return true;
  return isIdentityAuthentication(textOf(oauth, 'url') ?? '');
}

function withSecret(oauth: ServiceKey, draft: Draft): object {
  const secretRef = draft.keepGiven('client-secret', textOf(oauth, 'clientsecret'), 'clientsecret is missing');
  return { ...(isOfIdentityAuthentication(oauth) && { basicEncoding: 'FormURLEncoded' }), secretRef };
}

function clientCertificate(oauth: ServiceKey, draft: Draft): string {
  const take = (file: string, property: string): string => {
    const pem = draft.given(file) ?? textOf(oauth, property);
    if (pem === undefined) draft.lack(`${property} is missing: give it as PEM with --from-file ${file}=FILE`);
    return unescaped(pem ?? '');
  };
  return draft.keepTls(take('tls.crt', 'certificate'), take('tls.key', 'key'));
}

function upstreamUrlOf(key: ServiceKey, nesting: string | undefined, draft: Draft): string {
  const own = ['uri', ...(nesting === undefined ? [] : ['url'])].map((name) => textOf(key, name));
  const oauth = nesting === undefined ? {} : objectOf(key[nesting]);
  const besideTokenUrl = 'tokenurl' in oauth ? textOf(oauth, 'url') : undefined;
  const chosen = draft.options.upstreamUrl ?? [...own, besideTokenUrl].find((url) => url !== undefined && URL.canParse(url));
  const endpoints = ['endpoints', 'serviceurls'].flatMap((name) =>
    Object.entries(objectOf(key[name])).map(([endpoint, value]) => ({ name: `${name}.${endpoint}`, url: urlIn(value) })),
  );
  const found = new Set(endpoints.flatMap(({ url }) => url ?? []));
  const [only] = found;
  const url = chosen ?? (found.size === 1 ? only : undefined);
  if (url === undefined) {
    const choice = found.size === 0 ? '' : `; the key has several endpoints: ${endpoints.map(({ name }) => printable(name)).join(', ')}`;
    draft.lack(`the URL of the API is missing: give it with --upstream-url URL${choice}`);
    return '';
  }
  for (const { name, url: other } of endpoints) if (other !== url) draft.lose(name, 'another URL is called; --upstream-url chooses one');
  return url;
}

function urlIn(value: unknown): string | undefined {
  const url = isObject(value) ? value['url'] : value;
  return typeof url === 'string' && /^https?:/u.test(url) && URL.canParse(url) ? url : undefined;
}

function textOf(key: ServiceKey, name: string): string | undefined {
  const value = key[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isObject(value: unknown): value is ServiceKey {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const objectOf = (value: unknown): ServiceKey => (isObject(value) ? value : {});
