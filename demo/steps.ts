import assert from 'node:assert/strict';
import { call, showCall } from './call.ts';
import { soapAction } from './learning-api.ts';
import type { DemoServers } from './servers.ts';
import type { Transcript } from './transcript.ts';

export interface Stage {
  readonly servers: DemoServers;
  readonly transcript: Transcript;
  /** Base URLs of the aliases that the sidecar serves. */
  readonly learning: string;
  readonly iot: string;
}

export interface Step {
  readonly title: string;
  play(stage: Stage): Promise<void>;
}

const students = '/odatav4/searchStudent/v1/Students?$top=2';
const parallelCalls = 200;
const envelope = `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><GetItem xmlns="urn:learning:catalogue"><id>SAFETY-101</id></GetItem></soapenv:Body></soapenv:Envelope>`;

/** The calls of a workload, in the order in which they are shown. Each asserts what it shows. */
export const steps: readonly Step[] = [
  {
    title: 'Without a token the API refuses',
    async play({ servers, transcript }) {
      const answer = await showCall(transcript, { url: `${servers.learningApi.url}/learning${students}` });
      assert.equal(answer.status, 401);
      assert.equal(servers.learningApi.served, 0);
    },
  },
  {
    title: 'The same call through Tokenward: only the base URL differs',
    async play({ servers, transcript, learning }) {
      const answer = await showCall(transcript, { url: `${learning}${students}` });
      assert.equal(answer.status, 200);
      assert.equal(JSON.parse(answer.body).value.length, 2);
      assert.equal(servers.learningTokens.tokenRequests, 1);
      transcript.note('the Learning token server saw 1 token request');
    },
  },
  {
    title: 'A SOAP envelope goes through byte for byte, with the same token',
    async play({ servers, transcript, learning }) {
      const answer = await showCall(transcript, {
        method: 'POST',
        url: `${learning}/soap/catalogue`,
        headers: { 'Content-Type': 'text/xml; charset=utf-8', SOAPAction: soapAction },
        body: envelope,
      });
      assert.equal(answer.status, 200);
      assert.equal(answer.body, envelope);
      assert.equal(servers.learningTokens.tokenRequests, 1);
      transcript.note('the Learning token server still saw 1 token request');
    },
  },
  {
    title: "A caller's own Authorization never reaches the API",
    async play({ servers, transcript, learning }) {
      const refusedBefore = servers.learningApi.refused;
      const answer = await showCall(transcript, { url: `${learning}${students}`, headers: { Authorization: 'Bearer made-up' } });
      assert.equal(answer.status, 200);
      assert.equal(servers.learningApi.refused, refusedBefore);
      transcript.note("the API saw one Authorization header, and it was Tokenward's");
    },
  },
  {
    title: `${parallelCalls} calls at once, and no token yet`,
    async play({ servers, transcript, iot }) {
      const url = (pump: number) => `${iot}/devices/pump-${pump}/measurements`;
      transcript.sent(`GET ${url(1)}\n… ${parallelCalls} of them, up to pump-${parallelCalls}, in parallel`);
      const answers = await Promise.all(Array.from({ length: parallelCalls }, (_, index) => call({ url: url(index + 1) })));
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
      assert.equal(servers.iotApi.served, parallelCalls);
      assert.equal(servers.iotTokens.tokenRequests, 1);
      transcript.got(`${parallelCalls} times 200`);
      transcript.note(`the IoT API served ${servers.iotApi.served} calls, the IoT token server saw 1 token request`);
    },
  },
  {
    title: 'Path and query arrive as they were sent',
    async play({ servers, transcript, iot }) {
      const target = '/devices/pump%2F7/measurements?from=2026-01-01T00:00:00Z&top=2&note=a+b%20c';
      const answer = await showCall(transcript, { url: `${iot}${target}` });
      assert.equal(answer.status, 200);
      assert.equal(JSON.parse(answer.body).asked, target);
      assert.equal(servers.iotTokens.tokenRequests, 1);
      transcript.note('the IoT token server still saw 1 token request');
    },
  },
];
