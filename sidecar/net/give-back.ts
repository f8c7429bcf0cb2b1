/**
 * Frees the memory of bytes that nobody reads any more: not the caller of this, and no write that is still on its way. The garbage collector
 * would free it, too, but much later: until then each read takes fresh memory from the machine, and so much of it makes the collector run.
 */
export function giveBack(bytes: Buffer): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length) buffer.transfer(0);
}
