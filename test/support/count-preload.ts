/**
 * Loaded into a process before its own code (`node --import`): counts what Node makes for it. Any message over the IPC channel is answered
 * with the counts so far.
 */
import { createHook } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import process from 'node:process';
import { Stream } from 'node:stream';

/** How many have been made since the start. */
export interface Counts {
  readonly timers: number;
  readonly immediates: number;
  readonly promises: number;
  /** TCP connections, of either direction. */
  readonly connections: number;
  /** Of whatever class; a server's request and response are one each, and so is a socket. */
  readonly streams: number;
}

const counts = { timers: 0, immediates: 0, promises: 0, connections: 0, streams: 0 };

/** By Node's names of asynchronous resources. */
const kinds: Readonly<Record<string, keyof Counts>> = {
  Timeout: 'timers',
  Immediate: 'immediates',
  PROMISE: 'promises',
  TCPWRAP: 'connections',
};

createHook({
  init: (_id, type) => {
    const kind = kinds[type];
    if (kind !== undefined) counts[kind] += 1;
  },
}).enable();

// Every emitter's constructor calls this, and so every stream's.
const emitters = EventEmitter as typeof EventEmitter & { init: (this: EventEmitter, ...rest: unknown[]) => void };
const { init } = emitters;
emitters.init = function countedInit(...rest) {
  if (this instanceof Stream) counts.streams += 1;
  init.apply(this, rest);
};

process.on('message', () => process.send?.(counts satisfies Counts));
// Only the process's own work keeps it running.
process.channel?.unref();
