/**
 * Turns of a connection whose answer goes on for ever. Node reads on while the kernel has more, 32 places in a row: of a
 * log that is far ahead that is a batch and more, and all the while PostgreSQL's answers wait and it has nothing to do.
 */
import type { Socket } from "node:net";

/** So much is taken before others in this process have their turn: a millisecond or two of decoding. */
const turnBytes = 262_144;

export class Turn {
  #taken = 0;

  /** No read is larger, so that a turn ends at its end. */
  space(place: Buffer): Buffer {
    return place.subarray(0, turnBytes);
  }

  /** So many bytes were taken from the socket; the others come first if that was enough. */
  took(count: number, socket: Socket | undefined, isStopped: () => boolean): void {
    this.#taken += count;
    if (this.#taken < turnBytes) return;
    this.#taken = 0;
    if (socket === undefined || isStopped()) return;
    socket.pause();
    setImmediate(() => {
      if (!isStopped()) socket.resume();
    });
  }
}
