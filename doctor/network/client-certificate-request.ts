import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { connect } from 'node:tls';
import type { Clock } from '../../crds/clock.ts';
import { shown } from '../api/shown.ts';

/** What a server wants of a client: `authorities` are the names of those whose certificates it takes; none named: it does not say. */
export type CertificateRequest = { readonly asked: boolean; readonly authorities: readonly string[] } | undefined;

const patienceMs = 2000;
const mostNames = 10;

/**
 * Whether a server asks for a client certificate. Node does not tell, and TLS 1.3 hides it; in TLS 1.2 the question can be read on the
 * wire (RFC 5246 section 7.4.4). Undefined: the server does not speak TLS 1.2. Nothing is sent but the handshake.
 */
export function readCertificateRequest(socket: Socket, servername: string | undefined, clock: Clock): Promise<CertificateRequest> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const passed = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => socket.write(chunk, done),
    });
    const end = (): void => {
      cancel();
      secure.destroy();
      socket.destroy();
      resolve(readHandshake(received));
    };
    const cancel = clock.after(patienceMs, end);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      passed.push(chunk);
    });
    socket.once('close', end);
    const secure = connect({ socket: passed, servername: servername ?? '', maxVersion: 'TLSv1.2', rejectUnauthorized: false });
    secure.once('secureConnect', end);
    secure.on('error', end);
  });
}

const handshakeRecord = 22;
const serverHello = 2;
const certificateRequest = 13;
const serverHelloDone = 14;

/** The messages of the handshake, which may be spread over records: RFC 5246 sections 6.2.1 and 7.4. */
function readHandshake(bytes: Buffer): CertificateRequest {
  const fragments: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length && bytes[at] === handshakeRecord;) {
    const length = bytes.readUInt16BE(at + 3);
    fragments.push(bytes.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  const messages = Buffer.concat(fragments);
  let isKnown = false;
  for (let at = 0; at + 4 <= messages.length;) {
    const type = messages[at];
    const length = messages.readUIntBE(at + 1, 3);
    const body = messages.subarray(at + 4, at + 4 + length);
    if (body.length < length) break;
    if (type === serverHello) isKnown = true;
    if (type === certificateRequest) return { asked: true, authorities: readAuthorities(body) };
    if (type === serverHelloDone) return { asked: false, authorities: [] };
    at += 4 + length;
  }
  return isKnown ? { asked: false, authorities: [] } : undefined;
}

/** Types, signature algorithms, and then the names. */
function readAuthorities(body: Buffer): readonly string[] {
  try {
    let at = 1 + body.readUInt8(0);
    at += 2 + body.readUInt16BE(at);
    const end = at + 2 + body.readUInt16BE(at);
    at += 2;
    const names: string[] = [];
    while (at + 2 <= end && names.length < mostNames) {
      const length = body.readUInt16BE(at);
      names.push(commonName(body.subarray(at + 2, at + 2 + length)));
      at += 2 + length;
    }
    return names;
  } catch {
    return [];
  }
}

const commonNameId = Buffer.from('0603550403', 'hex');

/** Out of a distinguished name in DER, which has more that nobody needs here. */
function commonName(name: Buffer): string {
  const at = name.indexOf(commonNameId);
  const length = at < 0 ? undefined : name[at + commonNameId.length + 1];
  if (at < 0 || length === undefined || length > 127) return '(a name without CN)';
  const start = at + commonNameId.length + 2;
  return `CN=${shown(name.subarray(start, start + length).toString('utf8'))}`;
}
