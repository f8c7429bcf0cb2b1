/**
 * Loaded into a process before its own code (`node --import`): the test can then move its clocks by a message over the IPC channel,
 * which is answered once they are moved. `?wallMs=…` behind its name puts the wall clock off from the beginning.
 *
 * The clocks are faked because the machine's own cannot be set without harm to everything else that runs on it, and because the
 * built sidecar takes no clock from outside. What is replaced is what its one clock reads; timers run on as ever.
 */
import process from 'node:process';

/** By how much each is off from now on. */
export interface ClockOffsets {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

const wallMs = Date.now.bind(Date);
const monotonicMs = performance.now.bind(performance);
let offsets: ClockOffsets = { wallMs: Number(new URL(import.meta.url).searchParams.get('wallMs')), monotonicMs: 0 };

Date.now = () => wallMs() + offsets.wallMs;
performance.now = () => monotonicMs() + offsets.monotonicMs;

process.on('message', (message) => {
  offsets = message as ClockOffsets;
  process.send?.('moved');
});
// Only the process's own work keeps it running.
process.channel?.unref();
