import * as http from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../crds/clock.ts';

const timeoutMs = 5000;
const mostBytes = 4 * 1024 * 1024;

/** `GET` of a path on `connection`, which is closed afterwards. Rejects if the answer is none, not 200, too large or too late. */
export function getOver(connection: Duplex, port: number, path: string, clock: Clock): Promise<string> {
  return new Promise((resolve, reject) => {
    if (connection.errored !== null) return reject(connection.errored);
    const fail = (error: Error): void => {
      cancel();
      connection.destroy();
      reject(error);
    };
    const cancel = clock.after(timeoutMs, () => fail(new Error(`no answer within ${timeoutMs / 1000} s`)));
    connection.once('error', fail);
    // By its address: the proxy answers no name that could be another's.
    const request = http.get({ createConnection: () => connection, host: '127.0.0.1', port, path, headers: { connection: 'close' } });
    request.once('error', fail);
    request.once('response', (response) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      response.on('data', (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > mostBytes) return fail(new Error('the answer is too large'));
        pieces.push(piece);
      });
      response.once('error', fail);
      response.once('end', () => {
        if (response.statusCode !== 200) return fail(new Error(`the sidecar answered ${response.statusCode}`));
        cancel();
        connection.destroy();
        resolve(Buffer.concat(pieces).toString('utf8'));
      });
    });
  });
}
