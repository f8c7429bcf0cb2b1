import { describe, expect, test } from 'vitest';
import { call } from '../support/call.ts';
import { canarySecret, canaryToken, findTraces } from '../support/canary.ts';
import { httpAnswer } from '../support/http-answer.ts';
import { connectRaw } from '../support/raw-client.ts';
import { setStage } from './stage.ts';

describe('part D: what is added to a request, and what is not', () => {
  test('D52 the request goes out byte for byte, with the token in the place of the Authorization of the caller', async () => {
    await using stage = await setStage({ basePath: '/learning' });
    await using client = connectRaw(stage.sidecar);
    client.sendHead(
      'POST /api/odatav4//x%2Fy;v=1/%7Eme?$filter=a%20eq%20%27b%27&& HTTP/1.1',
      `Host: localhost:${stage.sidecar.port}`,
      'authorization: Basic b3duOm9uZQ==',
      'X-oDd-CaSe: one',
      'Proxy-Authorization: Basic b3duOm9uZQ==',
      'X-Odd-Case: two',
      'Cookie: a=b',
      'Content-Length: 4',
    );
    client.send('body');
    await client.until('HTTP/1.1 200');

    expect(stage.api.request.raw.toString('latin1').split('\r\n')).toEqual([
      'POST /learning/odatav4//x%2Fy;v=1/%7Eme?$filter=a%20eq%20%27b%27&& HTTP/1.1',
      `host: 127.0.0.1:${stage.api.port}`,
      'connection: keep-alive',
      'X-oDd-CaSe: one',
      'X-Odd-Case: two',
      'Cookie: a=b',
      `Authorization: Bearer ${canaryToken(1)}`,
      'content-length: 4',
      '',
      'body',
    ]);
    expect(await stage.sidecar.metric('tokenward_caller_authorization_dropped_total{alias="api"}')).toBe(1);
  });

  test('D52 neither a token nor a secret is in an answer, a log, a status or a metric, whatever fails', async () => {
    await using stage = await setStage({ api: [httpAnswer(), httpAnswer({ status: 401 }), ({ connection }) => connection.reset()] });
    const answers = [await call(stage.url), await call(stage.url), await call(stage.url)];
    stage.issuer.refuse = (request, response) => {
      const error_description = `no ${request.headers.authorization} here, and neither ${canarySecret('client')}`;
      response.writeHead(400, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ error: 'invalid_scope', error_description }));
    };
    stage.sidecar.clock.pass(24 * 3_600_000);
    answers.push(await call(stage.url), await call(`${stage.sidecar.url}/-/aliases`));

    expect(answers.map(({ status }) => status)).toEqual([200, 502, 502, 502, 200]);
    expect(stage.sidecar.log.length).toBeGreaterThan(4);
    expect(
      findTraces([...answers.map((answer) => JSON.stringify(answer)), ...stage.sidecar.log, await stage.sidecar.metrics()].join('\n')),
    ).toEqual([]);
  });

  test.each(['text/xml; charset=utf-8', 'application/soap+xml; action="urn:getUser"'])(
    'D54 SOAP as %s: SOAPAction and every byte of the body arrive',
    async (contentType) => {
      await using stage = await setStage({ basePath: '/soap' });
      const envelope =
        '\u{feff}<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>Grüße &amp;\t</s:Body></s:Envelope>\n';
      const headers = { 'Content-Type': contentType, SOAPAction: '"urn:getUser"' };
      await call(`${stage.url}/UserService`, { method: 'POST', headers, body: envelope });

      const { body, headers: sent } = stage.api.request;
      expect(body.equals(Buffer.from(envelope))).toBe(true);
      expect(sent).toContainEqual(['SOAPAction', '"urn:getUser"']);
      expect(sent).toContainEqual(['Content-Type', contentType]);
      expect(sent).toContainEqual(['content-length', String(Buffer.byteLength(envelope))]);
    },
  );

  test.each([
    { injection: { scheme: 'SFMC' }, header: 'Authorization', value: `SFMC ${canaryToken(1)}` },
    {
      injection: { header: 'SAP-Connectivity-Technical-Authentication' },
      header: 'SAP-Connectivity-Technical-Authentication',
      value: `Bearer ${canaryToken(1)}`,
    },
    { injection: { header: 'X-Api-Token', scheme: '' }, header: 'X-Api-Token', value: canaryToken(1) },
  ])(
    'D55 the token goes out as $header, and what the caller sent under that name and as Authorization does not',
    async ({ injection, header, value }) => {
      await using stage = await setStage({ config: { injection } });
      await call(stage.url, { headers: { [header.toUpperCase()]: 'of the caller', authorization: 'of the caller' } });

      const { headers, raw } = stage.api.request;
      expect(headers.filter(([name]) => name.toLowerCase() === header.toLowerCase())).toEqual([[header, value]]);
      expect(raw.toString('latin1')).not.toContain('of the caller');
    },
  );

  test('D55 a header and a query parameter of the credential take the place of those of the caller', async () => {
    await using stage = await setStage({
      upstream: { headers: [{ name: 'X-Tenant', value: 't1' }], queryParameters: [{ name: 'sap-client', value: '1 00' }] },
    });
    await call(`${stage.url}/x?sap-client=200&a=%20b&sap%2Dclient=300`, { headers: { 'x-tenant': 'another' } });

    const { target, headers } = stage.api.request;
    expect(target).toBe('/x?a=%20b&sap-client=1+00');
    expect(headers.filter(([name]) => name.toLowerCase() === 'x-tenant')).toEqual([['X-Tenant', 't1']]);
  });
});
