import { describe, expect, it } from 'vitest';
import { canarySecret } from '../../test/support/canary.ts';
import { proxyOfEnvironment } from './environment-proxy.ts';

const proxy = 'http://proxy.example:3128';
const api = new URL('https://api.acme.example/v1');

describe('proxyOfEnvironment', () => {
  it.each([
    ['HTTPS_PROXY', { HTTPS_PROXY: proxy }],
    ['https_proxy', { https_proxy: proxy }],
    ['ALL_PROXY', { ALL_PROXY: proxy }],
  ])('reads %s', (variable, environment) => {
    expect(proxyOfEnvironment(environment, api)).toEqual({ variable, url: new URL(proxy) });
  });

  it('takes user name and password out of the URL, and a proxy without a scheme to be one by http', () => {
    const password = canarySecret('of%the proxy');
    const found = proxyOfEnvironment({ HTTPS_PROXY: `acme:${encodeURIComponent(password)}@proxy.example:3128` }, api);
    expect(found).toEqual({ variable: 'HTTPS_PROXY', url: new URL(proxy), username: 'acme', password });
  });

  it.each([
    ['nothing is set', {}],
    ['it is empty', { HTTPS_PROXY: '' }],
    ['it is no URL', { HTTPS_PROXY: 'http://' }],
    ['it is of another kind', { HTTPS_PROXY: 'socks5://proxy.example:1080' }],
    ['it is for plain HTTP', { HTTP_PROXY: proxy, http_proxy: proxy }],
  ])('finds none if %s', (_name, environment) => {
    expect(proxyOfEnvironment(environment, api)).toBeUndefined();
  });

  it('leaves plain HTTP alone', () => {
    expect(proxyOfEnvironment({ HTTPS_PROXY: proxy, ALL_PROXY: proxy }, new URL('http://orders.hr.svc'))).toBeUndefined();
  });

  it.each([
    ['*', 'https://api.acme.example'],
    ['api.acme.example', 'https://api.acme.example'],
    ['localhost, acme.example', 'https://api.acme.example'],
    ['.acme.example', 'https://API.acme.example'],
    ['*.acme.example', 'https://api.acme.example'],
    ['acme.example:443', 'https://api.acme.example'],
    ['10.0.0.0/8', 'https://10.1.2.3'],
    ['10.1.2.3', 'https://10.1.2.3:8443'],
    ['2001:db8::/32', 'https://[2001:db8::1]'],
    ['::1', 'https://[::1]:8443'],
  ])('heeds NO_PROXY=%s for %s', (NO_PROXY, url) => {
    expect(proxyOfEnvironment({ HTTPS_PROXY: proxy, NO_PROXY }, new URL(url))).toBeUndefined();
  });

  it.each([
    ['acme.example', 'https://notacme.example'],
    ['acme.example:8443', 'https://api.acme.example'],
    ['10.0.0.0/8', 'https://11.1.2.3'],
    ['10.0.0.0/99', 'https://10.1.2.3'],
    ['', 'https://api.acme.example'],
  ])('does not take NO_PROXY=%s to be for %s', (NO_PROXY, url) => {
    expect(proxyOfEnvironment({ HTTPS_PROXY: proxy, NO_PROXY }, new URL(url))).toBeDefined();
  });
});
