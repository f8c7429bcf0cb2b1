/** Manifests for the API server's code and for ours: both must come to the same verdict. */
export interface CorpusEntry {
  readonly title: string;
  readonly document: Readonly<Record<string, unknown>>;
  /**
   * `accepted` by both; refused by `rule`s, with the same texts on both sides; by the `schema`, each in its own words; or by `us`
   * alone, for CEL cannot tell.
   */
  readonly verdict: 'accepted' | 'rule' | 'schema' | 'us';
}

type Json = Readonly<Record<string, unknown>>;

const leastThatWorks: Record<string, Json> = {
  upstream: { url: 'https://api.iot.example' },
  tokenEndpoint: { url: 'https://iot.authentication.example/oauth/token' },
  client: { id: 'sb-iot!b1', secretRef: { name: 'leonardo-iot' } },
};

/** The least that works, with these fields of its parts set, or removed by undefined. */
export function manifest(parts: Readonly<Record<string, Json>> = {}, name = 'leonardo-iot'): Json {
  const spec = Object.fromEntries(
    [...new Set([...Object.keys(leastThatWorks), ...Object.keys(parts)])].map((part) => [
      part,
      { ...leastThatWorks[part], ...parts[part] },
    ]),
  );
  return { apiVersion: 'tokenward.dev/v1alpha1', kind: 'OAuth2Credential', metadata: { name, namespace: 'iot' }, spec };
}

const corpus: CorpusEntry[] = [];
const add = (verdict: CorpusEntry['verdict'], title: string, document: Json) => corpus.push({ verdict, title, document });

const json = { contentType: 'application/json' };
const scopeObject = '{"userId":"u1","companyId":"acme","userType":"admin","resourceType":"learning_public_api"}';
const secretKeyRef = { name: 'leonardo-iot', key: 'value' };
const parameter = (entry: Json) => manifest({ tokenEndpoint: { parameters: [entry] } });
const header = (entry: Json) => manifest({ upstream: { headers: [entry] } });
const path = (pattern: string) => manifest({ upstream: { allow: [{ paths: [pattern] }] } });

add('accepted', 'the least that works', manifest());
add(
  'accepted',
  'everything at once',
  manifest({
    upstream: {
      allow: [{ methods: ['GET', 'POST'], paths: ['/odatav4/**', '/a/*/b%20c', '/'] }, { methods: ['DELETE'] }],
      headers: [
        { name: 'X-Tenant', value: 't1' },
        { name: 'Accept', secretKeyRef },
      ],
      queryParameters: [{ name: 'sap-client', value: '100' }],
      responseTimeoutSeconds: 0,
      tls: {
        caBundle: { configMapKeyRef: { name: 'ca', key: 'ca.crt' } },
        clientCertificate: { secretName: 'tls' },
        serverName: 'api.example',
      },
      proxy: { url: 'http://proxy.corp.example:3128', credentialsSecretRef: { name: 'proxy' } },
    },
    tokenEndpoint: {
      ...json,
      grantTypeIn: 'Query',
      parameters: [
        { name: 'authorities', value: '{"az_attr":{}}' },
        { name: 'X-CF-ENCODED-CREDENTIALS', value: 'true', in: 'Header' },
      ],
      response: { accessToken: 'data.accessToken', expiresIn: 'data.expire', tokenType: 'type', error: 'msg' },
      tls: { caBundle: { secretKeyRef }, serverName: '' },
      proxy: {},
    },
    client: { bodyId: '' },
    grant: { scope: scopeObject, audience: ['a', 'b'], resource: ['urn:x'] },
    injection: { header: 'X-Api-Token', scheme: '' },
    cache: { refreshBeforeSeconds: 0, refreshOn403: true },
  }),
);
add(
  'accepted',
  'null for what is optional',
  manifest({ grant: { scope: null }, client: { idFrom: null }, tokenEndpoint: { method: null } }),
);
add('schema', 'null for what is required', manifest({ upstream: { url: null } }));

for (const name of ['a', 'a-1', '0', 'a'.repeat(63)]) add('accepted', `the name ${name}`, manifest({}, name));
for (const name of ['a.b', 'a'.repeat(64)]) add('rule', `the name ${name}`, manifest({}, name));

add('schema', 'a name that no object can have', manifest({}, 'a-'));

for (const url of [
  'https://acme.example',
  'https://acme.example:8443/learning/',
  'https://10.0.0.1/x',
  'https://[2001:db8::1]:443/x',
  'https://acme_x.example./a%20b',
  'http://localhost:8080',
  'http://127.0.0.1',
  'http://127.255.255.254:1/x',
  'http://[::1]',
  'http://[::1]:8080/x',
  'http://lms.hr.svc',
  'http://lms.hr.svc:8080/x',
  'http://lms.hr.svc.cluster.local/x',
  'http://lms.svc',
  `https://acme.example/${'a'.repeat(2048 - 21)}`,
]) {
  add('accepted', `the URL ${url.slice(0, 60)}`, manifest({ upstream: { url } }));
  add('accepted', `the token URL ${url.slice(0, 60)}`, manifest({ tokenEndpoint: { url } }));
}
for (const url of [
  'http://acme.example',
  'http://localhost.evil.example',
  'http://localhost@evil.example',
  'http://127.0.0.1.evil.example',
  'http://127.1',
  'http://0x7f.1/',
  'http://128.0.0.1',
  'http://[::2]',
  'http://svc',
  'http://evil.example/x.svc',
  'http://evil.example?.svc',
  'http://evil.example#.svc',
  'http://evil.example\\.svc',
  'http://x.svc.evil.example',
  'ftp://acme.example',
  'HTTPS://acme.example',
  'acme.example',
  '//acme.example',
  'https:/acme.example',
  'https://',
  'https:///x',
  'https://user:password@acme.example',
  'https://user@acme.example/',
  'https://@acme.example/',
  'https://acme.example\\@evil.example',
  'https://acme.example:0',
  'https://acme.example:65536',
  'https://acme.example:',
  'https://acme.example:x',
  'https://256.0.0.1',
  'https://1.2.3',
  'https://[::g]',
  'https://0177.0.0.1',
  'https://0x7f000001',
  'https://acme..example',
  'https://-acme.example',
  'https://acme.example/a b',
  'https://acme.example/a%2',
  'https://acme.example/ä',
  'https://äcme.example',
  'https://acme.example/“',
  ' https://acme.example',
  'https://acme.example ',
  'https://acme.example/\n',
  'https://acme.example/\t',
]) {
  add('rule', `the URL ${JSON.stringify(url)}`, manifest({ upstream: { url } }));
  add('rule', `the token URL ${JSON.stringify(url)}`, manifest({ tokenEndpoint: { url } }));
}
for (const url of ['https://acme.example/x?a=1', 'https://acme.example?', 'https://acme.example/x#y', 'https://acme.example#']) {
  add('rule', `the base URL ${url}`, manifest({ upstream: { url } }));
}
add('accepted', 'a token URL with a query', manifest({ tokenEndpoint: { url: 'https://acme.example/x?company_id=a&b[]=%20' } }));
add('rule', 'a token URL with a fragment', manifest({ tokenEndpoint: { url: 'https://acme.example/x?a#b' } }));
add('schema', 'a URL that is too long', manifest({ upstream: { url: `https://acme.example/${'a'.repeat(2048 - 20)}` } }));
add('schema', 'an empty URL', manifest({ upstream: { url: '' } }));
for (const host of ['[1:2]', '[1.2.3.4]', '[::1::]']) add('us', `the host ${host}`, manifest({ upstream: { url: `https://${host}` } }));

for (const url of ['', 'http://proxy:3128', 'http://proxy:3128/', 'https://10.0.0.1:3128', 'http://[::1]:3128']) {
  add('accepted', `the proxy URL ${url}`, manifest({ upstream: { proxy: { url } }, tokenEndpoint: { proxy: { url } } }));
}
for (const url of [
  'proxy:3128',
  'socks5://proxy',
  'http://u:p@proxy',
  'http://proxy/x',
  'http://proxy?x',
  'http://proxy#x',
  'http://pro xy',
  'http://',
]) {
  add('rule', `the proxy URL ${url}`, manifest({ tokenEndpoint: { proxy: { url } } }));
}
add('rule', 'credentials of no proxy', manifest({ tokenEndpoint: { proxy: { credentialsSecretRef: { name: 'x' } } } }));
add('rule', 'credentials of an empty proxy', manifest({ upstream: { proxy: { url: '', credentialsSecretRef: { name: 'x' } } } }));

for (const pattern of ['/', '/a', '/a/', '/*', '/**', '/a/*/b/**/c', '/a%2fb', "/a(1)$;,=:@!'~-._"])
  add('accepted', `the path ${pattern}`, path(pattern));
for (const pattern of ['a', '/a*', '/*a', '/***', '/a?b', '/a#b', '/a b', '/a%2', '/ä', '\\a', '/a\n', '**']) {
  add('rule', `the path ${JSON.stringify(pattern)}`, path(pattern));
}
for (const method of ['GET', 'M-SEARCH'])
  add('accepted', `the method ${method}`, manifest({ upstream: { allow: [{ methods: [method] }] } }));
for (const method of ['get', '*', 'GET ', 'GET,POST', '-'])
  add('rule', `the method ${method}`, manifest({ upstream: { allow: [{ methods: [method] }] } }));
add('rule', 'a rule of no methods and paths', manifest({ upstream: { allow: [{}] } }));
add('schema', 'no rules', manifest({ upstream: { allow: [] } }));
add('schema', 'an empty list of methods', manifest({ upstream: { allow: [{ methods: [] }] } }));

for (const name of ['X-Tenant', 'x_y.z', 'Authorization-Info', 'Accept', "!#$%&'*+-.^_`|~0aZ"])
  add('accepted', `the header ${name}`, header({ name, value: 'v' }));
for (const name of [
  'X Tenant',
  'X-Tenant:',
  'Ä',
  'a\nb',
  'Host',
  'CONTENT-LENGTH',
  'transfer-Encoding',
  'Proxy-Authorization',
  'Authorization',
  ' ',
]) {
  add('rule', `the header ${JSON.stringify(name)}`, header({ name, value: 'v' }));
  add('rule', `the header parameter ${JSON.stringify(name)}`, parameter({ name, value: 'v', in: 'Header' }));
}
add(
  'rule',
  'a header that is the injection header',
  manifest({ upstream: { headers: [{ name: 'x-API-token', value: 'v' }] }, injection: { header: 'X-Api-Token' } }),
);
add(
  'accepted',
  'Authorization beside another injection header',
  manifest({ upstream: { headers: [{ name: 'Authorization', value: 'v' }] }, injection: { header: 'X-T' } }),
);
add('rule', 'the header parameter Content-Type', parameter({ name: 'content-type', value: 'v', in: 'Header' }));
for (const value of ['a\nb', 'a\u0000', 'ü', '“', '\u007f', 'a\tb']) {
  add('rule', `the header value ${JSON.stringify(value)}`, header({ name: 'X', value }));
  add('rule', `the header parameter's value ${JSON.stringify(value)}`, parameter({ name: 'X', value, in: 'Header' }));
  add('accepted', `the body parameter's value ${JSON.stringify(value)}`, parameter({ name: 'X', value }));
}
for (const name of ['X-Api-Token', 'SAP-Connectivity-Technical-Authentication'])
  add('accepted', `injection into ${name}`, manifest({ injection: { header: name } }));
for (const name of ['Connection', 'host', 'a b', 'a:']) add('rule', `injection into ${name}`, manifest({ injection: { header: name } }));
for (const scheme of ['', 'Bearer', 'SFMC']) add('accepted', `the scheme "${scheme}"`, manifest({ injection: { scheme } }));
for (const scheme of [' ', 'Bearer ', 'a b', 'ä', 'a\n'])
  add('rule', `the scheme ${JSON.stringify(scheme)}`, manifest({ injection: { scheme } }));

for (const name of [
  'grant_type',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'scope',
  'audience',
  'resource',
]) {
  add('rule', `the parameter ${name}`, parameter({ name, value: 'v' }));
  add('rule', `the query parameter ${name}`, parameter({ name, value: 'v', in: 'Query' }));
  add('accepted', `the header parameter ${name}`, parameter({ name, value: 'v', in: 'Header' }));
}
for (const name of [' ', '\t\n']) add('rule', `a blank parameter name ${JSON.stringify(name)}`, parameter({ name, value: 'v' }));
add('accepted', 'a parameter name of a no-break space', parameter({ name: '\u00a0', value: 'v' }));
add('schema', 'an empty parameter name', parameter({ name: '', value: 'v' }));
add('schema', 'an empty value', parameter({ name: 'a', value: '' }));
add('schema', 'a parameter in a cookie', parameter({ name: 'a', value: 'b', in: 'Cookie' }));
add('rule', 'a parameter without a value', parameter({ name: 'a' }));
add('rule', 'a parameter with two values', parameter({ name: 'a', value: 'b', secretKeyRef }));
add('rule', 'a header without a value', header({ name: 'a' }));
add('rule', 'a query parameter with two values', manifest({ upstream: { queryParameters: [{ name: 'a', value: 'b', secretKeyRef }] } }));
for (const character of ['a', 'ä', '😀']) {
  add('accepted', `1024 characters ${character}`, parameter({ name: character.repeat(1024), value: character.repeat(1024) }));
  add('schema', `a name of 1025 characters ${character}`, parameter({ name: character.repeat(1025), value: 'v' }));
  add('schema', `a value of 1025 characters ${character}`, parameter({ name: 'n', value: character.repeat(1025) }));
}
const parameters = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `p${index}`, value: 'v' }));
add('accepted', '20 parameters', manifest({ tokenEndpoint: { parameters: parameters(20) } }));
add('schema', '21 parameters', manifest({ tokenEndpoint: { parameters: parameters(21) } }));
const twice = (entry: Json, other: Json = entry) => manifest({ tokenEndpoint: { parameters: [entry, other] } });
add('rule', 'an exact duplicate', twice({ name: 'a', value: 'b' }));
add(
  'rule',
  'a duplicate whose place is once named and once the default',
  twice({ name: 'a', value: 'b' }, { name: 'a', value: 'b', in: 'Body' }),
);
add('rule', 'a duplicate reference', twice({ name: 'a', secretKeyRef }));
add('accepted', 'one name with two values', twice({ name: 'a', value: 'b' }, { name: 'a', value: 'c' }));
add('accepted', 'one name in two places', twice({ name: 'a', value: 'b' }, { name: 'a', value: 'b', in: 'Header' }));
add(
  'rule',
  'a duplicate header',
  manifest({
    upstream: {
      headers: [
        { name: 'a', value: 'b' },
        { name: 'a', value: 'b' },
      ],
    },
  }),
);
const inQuery = (entry: Json, method = 'POST') =>
  manifest({ tokenEndpoint: { method, url: 'https://acme.example/t?company_id=x&a%20b=1', parameters: [entry] } });
add('rule', "a parameter of the URL's own query", inQuery({ name: 'company_id', value: 'y', in: 'Query' }));
add('rule', "an encoded parameter of the URL's own query", inQuery({ name: 'a b', value: 'y', in: 'Query' }));
add('rule', "a body parameter of the URL's own query, under GET", inQuery({ name: 'company_id', value: 'y' }, 'GET'));
add('accepted', "a body parameter of the URL's own query, under POST", inQuery({ name: 'company_id', value: 'y' }));
add('accepted', "a parameter that is not in the URL's own query", inQuery({ name: 'company', value: 'y', in: 'Query' }));

add('rule', 'no client id', manifest({ client: { id: undefined } }));
add('rule', 'two client ids', manifest({ client: { idFrom: { secretKeyRef } } }));
add('accepted', 'a client id from a Secret', manifest({ client: { id: undefined, idFrom: { secretKeyRef } } }));
add('rule', 'a client id with a line break', manifest({ client: { id: 'a\nb' } }));
add('rule', 'a body id with a control character', manifest({ client: { bodyId: 'a\u0001' } }));
add('accepted', 'a public client', manifest({ client: { authentication: 'None', secretRef: undefined } }));
add('rule', 'a public client with a secret', manifest({ client: { authentication: 'None' } }));
for (const authentication of ['ClientSecretBasic', 'ClientSecretPost']) {
  add('accepted', authentication, manifest({ client: { authentication } }));
  add('rule', `${authentication} without a secret`, manifest({ client: { authentication, secretRef: undefined } }));
}
add('schema', 'an unknown authentication', manifest({ client: { authentication: 'SelfSignedTLSClientAuth' } }));
add('rule', 'a colon in the id of a Basic header', manifest({ client: { id: 'a:b' } }));
add('accepted', 'a colon in the id of an encoded Basic header', manifest({ client: { id: 'a:b', basicEncoding: 'FormURLEncoded' } }));
add('accepted', 'a colon in the id in a body', manifest({ client: { id: 'a:b', authentication: 'ClientSecretPost' } }));
for (const name of ['A', '-a', 'a_b', 'a..b', 'a/b']) add('rule', `the Secret ${name}`, manifest({ client: { secretRef: { name } } }));
add('accepted', 'the Secret a.b-c', manifest({ client: { secretRef: { name: 'a.b-c', key: 'A_b.c-1' } } }));
add('schema', 'a Secret without a name', manifest({ client: { secretRef: { name: '' } } }));
for (const key of ['a b', 'a/b', 'ä']) add('rule', `the key ${key}`, manifest({ client: { secretRef: { name: 'a', key } } }));

const caBundle = (bundle: Json) => manifest({ upstream: { tls: { caBundle: bundle } } });
add('rule', 'a bundle of no authorities', caBundle({}));
add('rule', 'two bundles of authorities', caBundle({ secretKeyRef, configMapKeyRef: secretKeyRef }));
for (const serverName of ['a.example', 'A-1.example', 'x_y.example'])
  add('accepted', `the server name ${serverName}`, manifest({ upstream: { tls: { serverName } } }));
for (const serverName of ['https://a.example', 'a.example:443', '10.0.0.1', 'a..b', '*.a.example']) {
  add('rule', `the server name ${serverName}`, manifest({ upstream: { tls: { serverName } } }));
}
for (const accessToken of ['a', 'data.accessToken', 'a.b.c', 'a\u00a0b'])
  add('accepted', `the response path ${accessToken}`, manifest({ tokenEndpoint: { response: { accessToken } } }));
for (const accessToken of ['.a', 'a.', 'a..b', 'a b', ' '])
  add('rule', `the response path ${accessToken}`, manifest({ tokenEndpoint: { response: { accessToken } } }));

const scope = (text: string, tokenEndpoint: Json = json) => manifest({ grant: { scope: text }, tokenEndpoint });
add('accepted', 'an empty scope', scope(''));
add('accepted', 'a scope object', scope(scopeObject));
add('accepted', 'a plain scope under JSON', scope('read write'));
add('accepted', 'a JSON array', scope('["a"]'));
add('accepted', 'curly quotes in a form', scope('“a”', {}));
add('accepted', 'broken JSON in a form', scope('{', {}));
for (const text of ['{“a”:1}', '”', 'abc‘', '😀😀{’', '{"a":"’"}', ' \n “', '\u0301“'])
  add('rule', `curly quotes in ${JSON.stringify(text)}`, scope(text));
for (const text of ['{', '{"a":1,}', ' [1 2]', '{a:1}', '{"a"}', '[1]x', '{"a":"\n"}', '{"a":01}', '[tru'])
  add('us', `the broken JSON ${JSON.stringify(text)}`, scope(text));
add('accepted', 'a scope of 4096 characters', scope('😀'.repeat(4096)));
add('schema', 'a scope of 4097 characters', scope('a'.repeat(4097)));

add('schema', 'a string in place of a number', manifest({ tokenEndpoint: { timeoutSeconds: '10' } }));
add('schema', 'a number in place of a string', manifest({ client: { id: 1 } }));
add('schema', 'a fraction', manifest({ tokenEndpoint: { timeoutSeconds: 1.5 } }));
add('schema', 'a list in place of a mapping', manifest({ grant: { scope: [] } }));
add('schema', 'null in a list', manifest({ grant: { audience: [null] } }));
for (const [field, least, most] of [
  ['defaultLifetimeSeconds', 1, 31_536_000],
  ['timeoutSeconds', 1, 300],
] as const) {
  for (const value of [least, most]) add('accepted', `${field}: ${value}`, manifest({ tokenEndpoint: { [field]: value } }));
  for (const value of [least - 1, most + 1]) add('schema', `${field}: ${value}`, manifest({ tokenEndpoint: { [field]: value } }));
}
add('schema', 'an unknown grant', manifest({ grant: { type: 'AuthorizationCode' } }));
add('schema', 'an unknown method', manifest({ tokenEndpoint: { method: 'PUT' } }));
add('schema', 'an unknown field', manifest({ client: { secret: 'x' } }));
add('schema', 'an unknown field that is null', manifest({ client: { secret: null } }));
add('schema', 'an unknown part', manifest({ proxy: { url: 'http://x' } }));
add('schema', 'an unknown field of metadata', { ...manifest(), metadata: { name: 'a', namespace: 'iot', lables: {} } });
add('schema', 'no spec', { ...manifest(), spec: undefined });
add('schema', 'no token endpoint', { ...manifest(), spec: { ...leastThatWorks, tokenEndpoint: undefined } });

export const credentialCorpus: readonly CorpusEntry[] = corpus;
