import * as z from 'zod/mini';
import type { CredentialSpec, OAuth2Credential } from '../oauth2-credential.ts';
import type { Problem } from '../problem.ts';
import { Sensitive } from '../sensitive.ts';
import { readyConfig, sidecarConfigFile, type ProxyConfig, type SidecarConfig, type TlsConfig } from '../sidecar-config.ts';
import type { Sources } from '../sources.ts';
import { hostsOf } from './allowed-hosts.ts';
import { omitDefaults } from './omit-defaults.ts';
import { renderGrant, renderSigning, renderSupplied } from './render-grant.ts';
import type { Use } from './secret-value.ts';
import { SourceReader } from './source-reader.ts';

export type RenderResult =
  | { readonly ok: true; readonly text: Sensitive; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * A credential and what it refers to -> the sidecar's `<alias>.json`, defaults omitted, or all that keeps it from being made. What has
 * come to its end by `nowMs` (since the Unix epoch) is warned of.
 */
export function renderCredential(credential: OAuth2Credential, sources: Sources, nowMs: number): RenderResult {
  const { metadata, spec } = credential;
  const reader = new SourceReader(metadata.namespace, sources, hostsOf(spec), nowMs);
  // First of all, for problems are told in the order in which they are met.
  const client = renderClient(spec.client, reader);
  const config: SidecarConfig = {
    version: 1,
    upstream: renderUpstream(spec.upstream, reader),
    tokenEndpoint: renderTokenEndpoint(spec.tokenEndpoint, reader),
    client,
    grant: renderGrant(spec.grant, reader),
    injection: renderInjection(spec.injection),
    cache: spec.cache,
  };
  if (reader.problems.length > 0) return { ok: false, problems: reader.problems };
  return {
    ok: true,
    text: new Sensitive(JSON.stringify(omitDefaults(readyConfig, z.encode(readyConfig, config)))),
    warnings: reader.warnings,
  };
}

/** For a credential that was never valid: the reason reaches the callers of its alias. */
export function renderInvalid(reason: string): Sensitive {
  return new Sensitive(JSON.stringify(z.encode(sidecarConfigFile, { version: 1, invalid: reason })));
}

function renderUpstream(upstream: CredentialSpec['upstream'], reader: SourceReader): SidecarConfig['upstream'] {
  return {
    url: upstream.url,
    ...(upstream.allow !== undefined && { allow: upstream.allow }),
    headers: renderEntries(upstream.headers, 'spec.upstream.headers', reader, () => 'header'),
    queryParameters: renderEntries(upstream.queryParameters, 'spec.upstream.queryParameters', reader, () => 'parameter'),
    connectTimeoutSeconds: upstream.connectTimeoutSeconds,
    responseTimeoutSeconds: upstream.responseTimeoutSeconds,
    tls: renderTls(upstream.tls, 'spec.upstream.tls', reader),
    ...renderProxy(upstream.proxy, 'spec.upstream.proxy', reader),
  };
}

function renderTokenEndpoint(endpoint: CredentialSpec['tokenEndpoint'], reader: SourceReader): SidecarConfig['tokenEndpoint'] {
  const { url, method, contentType, grantTypeIn, response = {}, defaultLifetimeSeconds, timeoutSeconds } = endpoint;
  return {
    url,
    method,
    contentType,
    grantTypeIn,
    parameters: renderEntries(endpoint.parameters, 'spec.tokenEndpoint.parameters', reader, (entry) =>
      entry.in === 'Header' ? 'header' : 'parameter',
    ),
    response,
    defaultLifetimeSeconds,
    timeoutSeconds,
    tls: renderTls(endpoint.tls, 'spec.tokenEndpoint.tls', reader),
    ...renderProxy(endpoint.proxy, 'spec.tokenEndpoint.proxy', reader),
  };
}

function renderClient(client: CredentialSpec['client'], reader: SourceReader): SidecarConfig['client'] {
  const { authentication, basicEncoding, secretRef, idFrom, bodyId, privateKeyJWT, clientAssertion, assertionAudience } = client;
  const use: Use = authentication === 'ClientSecretBasic' && basicEncoding === 'Raw' ? 'clientIdForRawBasic' : 'userName';
  const id = idFrom === undefined ? client.id : reader.value(idFrom.secretKeyRef, 'spec.client.idFrom.secretKeyRef', use).reveal();
  const at = 'spec.client.clientAssertion.assertionRef';
  return {
    ...(id !== undefined && { id }),
    authentication,
    ...(secretRef !== undefined && { secret: reader.value(secretRef, 'spec.client.secretRef', 'credential') }),
    basicEncoding,
    ...(isSet(bodyId) && { bodyId }),
    ...(privateKeyJWT && { privateKeyJWT: renderSigning(privateKeyJWT, 'spec.client.privateKeyJWT', reader) }),
    ...(clientAssertion && { clientAssertion: renderSupplied(clientAssertion.assertionRef, at, reader, 'jwt') }),
    ...(assertionAudience !== undefined && { assertionAudience }),
  };
}

function renderInjection({ header, scheme, soapHeader }: CredentialSpec['injection']): SidecarConfig['injection'] {
  return {
    header,
    ...(scheme !== undefined && { scheme }),
    ...(soapHeader && {
      soapHeader: { element: soapHeader.element, ...(isSet(soapHeader.namespace) && { namespace: soapHeader.namespace }) },
    }),
  };
}

interface Entry {
  readonly name: string;
  readonly value?: string | undefined;
  readonly secretKeyRef?: { readonly name: string; readonly key: string } | undefined;
}

function renderEntries<E extends Entry>(
  entries: readonly E[] | undefined,
  path: string,
  reader: SourceReader,
  useOf: (entry: E) => Use,
): (Omit<E, 'value' | 'secretKeyRef'> & { name: string; value: Sensitive })[] {
  return (entries ?? []).map((entry, index) => {
    const { value, secretKeyRef, ...rest } = entry;
    const read =
      secretKeyRef === undefined ? new Sensitive(value ?? '') : reader.value(secretKeyRef, `${path}[${index}].secretKeyRef`, useOf(entry));
    return { ...rest, value: read };
  });
}

function renderTls(tls: CredentialSpec['upstream']['tls'], path: string, reader: SourceReader): TlsConfig {
  const { caBundle, clientCertificate, serverName } = tls ?? {};
  return {
    ...(caBundle?.configMapKeyRef && {
      ca: reader.certificatesFromConfigMap(caBundle.configMapKeyRef, `${path}.caBundle.configMapKeyRef`),
    }),
    ...(caBundle?.secretKeyRef && { ca: reader.certificatesFromSecret(caBundle.secretKeyRef, `${path}.caBundle.secretKeyRef`) }),
    ...(clientCertificate && reader.keyPair(clientCertificate.secretName, `${path}.clientCertificate.secretName`)),
    ...(isSet(serverName) && { serverName }),
  };
}

function renderProxy(proxy: CredentialSpec['upstream']['proxy'], path: string, reader: SourceReader): { proxy?: ProxyConfig } {
  if (!isSet(proxy?.url)) return {};
  const { url, credentialsSecretRef } = proxy;
  if (credentialsSecretRef === undefined) return { proxy: { url } };
  const at = `${path}.credentialsSecretRef`;
  const { username, password } = reader.login(credentialsSecretRef.name, at);
  return { proxy: { url, username: username.reveal(), password } };
}

const isSet = (text: string | undefined): text is string => text !== undefined && text !== '';
