import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireTool } from '../../test/support/require-tool.ts';
import { anyEnvelope, soap11, soap12, soughtBlock } from '../../test/support/soap/any-envelope.ts';
import { type XmlEvent, XmlReader } from '../../test/support/soap/xml-reader.ts';
import { openEnvelope, writeBlock } from './soap-header.ts';
import { XmlProblem } from './xml-scanner.ts';

const python = requireTool('python3', 'to read with expat what our scanner has read');

function parts(envelope: Buffer, token: string, block = soughtBlock): Buffer[] {
  const { before, after } = openEnvelope(envelope, block);
  return [...before, writeBlock(block, token), ...after];
}

const put = (envelope: string, block: typeof soughtBlock | { element: string } = soughtBlock, token = 't'): string =>
  Buffer.concat(parts(Buffer.from(envelope), token, block as typeof soughtBlock)).toString();

function unlessRefused(envelope: Buffer): Buffer | undefined {
  try {
    return Buffer.concat(parts(envelope, 't'));
  } catch (error) {
    if (error instanceof XmlProblem) return undefined;
    throw error;
  }
}

describe('the token in the Header', () => {
  const token = '<Token xmlns="urn:acme:auth">t</Token>';
  test.each([
    ['is the first of what is there', '<a/>', '<a/>'],
    ['takes the place of what the sender put there', `<a/><Token xmlns="urn:acme:auth">mine</Token> `, '<a/> '],
    ['takes the place of all of them', `<q:Token xmlns:q="urn:acme:auth"/>,<Token xmlns='urn:acme:auth'><Token/></Token>`, ','],
    ['leaves what only has its name', `<Token>mine</Token>`, '<Token>mine</Token>'],
    ['leaves what is deeper', `<a><Token xmlns="urn:acme:auth"/></a>`, '<a><Token xmlns="urn:acme:auth"/></a>'],
  ])('%s', (_name, header, rest) => {
    const around = (inner: string): string => `<Envelope xmlns="${soap12}"><Header id="1">${inner}</Header><Body/></Envelope>`;
    expect(put(around(header))).toBe(around(token + rest));
  });

  test('has a Header made for it, with the prefix of the envelope', () => {
    expect(put(`<env:Envelope xmlns:env="${soap11}"> <env:Body/></env:Envelope>`)).toBe(
      `<env:Envelope xmlns:env="${soap11}"><env:Header>${token}</env:Header> <env:Body/></env:Envelope>`,
    );
    expect(put(`<Envelope xmlns='${soap11}'><Body>`)).toBe(`<Envelope xmlns='${soap11}'><Header>${token}</Header><Body>`);
  });

  test('has an empty Header opened for it', () => {
    expect(put(`<s:Envelope xmlns:s="${soap11}"><s:Header a='>' /><s:Body/></s:Envelope>`)).toBe(
      `<s:Envelope xmlns:s="${soap11}"><s:Header a='>' >${token}</s:Header><s:Body/></s:Envelope>`,
    );
  });

  test('has what XML would misread written as references, and no namespace if it is in none', () => {
    const envelope = `<Envelope xmlns="${soap11}"><Body/></Envelope>`;
    expect(put(envelope, { element: 'T' }, `a<b>&"c]]>'`)).toContain(`<Header><T xmlns="">a&#60;b&#62;&#38;&#34;c]]&#62;'</T></Header>`);
    expect(put(envelope, { element: 'T', namespace: 'urn:a&b"ü' })).toContain('<T xmlns="urn:a&#38;b&#34;&#252;">t</T>');
  });

  test('keeps an envelope in another encoding than ours as it is', () => {
    const envelope = Buffer.from(
      `<?xml version="1.0" encoding="ISO-8859-1"?><ü:Envelope xmlns:ü="${soap11}"><ü:Body>Grüße</ü:Body></ü:Envelope>`,
      'latin1',
    );
    const written = Buffer.concat(parts(envelope, 't')).toString('latin1');
    expect(written).toContain(`<ü:Header>${token}</ü:Header><ü:Body>Grüße</ü:Body>`);
  });
});

describe.skipIf(python === undefined)('any envelope', () => {
  let reader: XmlReader;
  beforeAll(() => {
    reader = new XmlReader(python ?? '');
  });
  afterAll(() => reader[Symbol.asyncDispose]());

  test('has one header block more and none of the same name, as expat reads it', async () => {
    await fc.assert(
      fc.asyncProperty(anyEnvelope, async (envelope) => {
        const [before, after] = await Promise.all([reader.events(envelope), reader.events(Buffer.concat(parts(envelope, 'to<k>en&')))]);
        expect(after).toEqual(withBlock(before, 'to<k>en&'));
      }),
      { numRuns: 1500 },
    );
  });

  test('keeps every byte that is not such a block', async () => {
    await fc.assert(
      fc.asyncProperty(anyEnvelope, async (envelope) => {
        const kept = parts(envelope, 't').filter(({ buffer }) => buffer === envelope.buffer);
        const ends = [0, ...kept.map(({ byteOffset, length }) => byteOffset + length)];
        const left = [...kept, envelope.subarray(envelope.length)].map(({ byteOffset }, i) =>
          envelope.toString('utf8', ends[i], byteOffset),
        );
        // The last two bytes of an empty Header are not kept, either.
        const dropped = left.filter((text) => text !== '' && text !== '/>');
        const read = await Promise.all(dropped.map((text) => reader.events(Buffer.from(`<a xmlns:auth="urn:acme:auth">${text}</a>`))));
        expect(read.every((events) => events[1]?.[1] === 'urn:acme:auth Token')).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('that is cut off before its Body begins is refused, and never read behind its end', () => {
    fc.assert(
      fc.property(anyEnvelope, fc.nat(), (envelope, cut) => {
        const written = unlessRefused(envelope.subarray(0, cut % envelope.length));
        expect(written === undefined || written.includes('Body')).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('with a byte changed is refused, or what expat makes of it has one block more', async () => {
    const change = fc.record({
      at: fc.nat(),
      byte: fc.oneof(fc.constantFrom(...Buffer.from('<>/"\'=!?-&;: [')), fc.integer({ min: 1, max: 255 })),
    });
    await fc.assert(
      fc.asyncProperty(anyEnvelope, change, async (envelope, { at, byte }) => {
        const changed = Buffer.from(envelope);
        changed[at % changed.length] = byte;
        const reading = await reader.read(changed);
        // What expat does not take is for the API to refuse.
        fc.pre('events' in reading);
        const written = unlessRefused(changed);
        expect(written === undefined || (await reader.events(written))).toEqual(written === undefined || withBlock(reading.events, 't'));
      }),
      { numRuns: 1500 },
    );
  });
});

/** What an envelope's events should become, worked out from the events alone. */
function withBlock(events: readonly XmlEvent[], token: string): XmlEvent[] {
  const sought = `${soughtBlock.namespace} ${soughtBlock.element}`;
  const [namespace] = (events.find(([kind]) => kind === 'start')?.[1] ?? '').split(' ');
  const header = `${namespace} Header`;
  const block: XmlEvent[] = [
    ['start', sought, []],
    ['text', token],
    ['end', sought],
  ];
  const result: XmlEvent[] = [];
  const path: string[] = [];
  let dropped = 0;
  const hasHeader = childrenOfRoot(events).includes(header);
  for (const event of events) {
    const [kind, name] = event;
    if (kind === 'start') path.push(name);
    if (path.length === 3 && path[1] === header && name === sought && kind === 'start') dropped = 1;
    if (dropped === 0) result.push(event);
    if (kind === 'start' && dropped === 0) {
      if (path.length === 1 && !hasHeader) result.push(['start', header, []], ...block, ['end', header]);
      if (path.length === 2 && name === header && path[0] === `${namespace} Envelope`) result.push(...block);
    }
    if (kind === 'end') {
      path.pop();
      if (path.length === 2) dropped = 0;
    }
  }
  return merged(result);
}

/** Texts with nothing between them are one. */
function merged(events: readonly XmlEvent[]): XmlEvent[] {
  const result: XmlEvent[] = [];
  for (const event of events) {
    const last = result.at(-1);
    if (event[0] === 'text' && last?.[0] === 'text') result[result.length - 1] = ['text', last[1] + event[1]];
    else result.push(event);
  }
  return result;
}

function childrenOfRoot(events: readonly XmlEvent[]): string[] {
  let depth = 0;
  return events.flatMap(([kind, name]) => {
    if (kind === 'end') depth--;
    if (kind === 'start') depth++;
    return kind === 'start' && depth === 2 ? [name] : [];
  });
}
