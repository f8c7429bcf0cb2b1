import * as http from 'node:http';
import { listenOnLoopback, type Listening } from './listen-on-loopback.ts';

/** An API that answers as the test says. */
export function serve(answer: http.RequestListener, options: http.ServerOptions = {}): Promise<Listening> {
  return listenOnLoopback(http.createServer(options, answer));
}
