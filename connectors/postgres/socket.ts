/**
 * The socket under a session without TLS: Node writes what comes into one buffer of ours, not into a new one a read,
 * which a table that is read whole would leave by the thousand. pg keeps slices of what it is given and gets a copy;
 * who reads rows in bulk and keeps nothing may have the place itself.
 */
import { Socket } from "node:net";
import type { OnReadOpts, SocketConstructorOpts } from "node:net";

const bytesARead = 65_536;
/** Such buffers of sockets that are closed: each range is compared over sessions of its own. */
const spare: Buffer[] = [];
const mostSpare = 8;

export class LendingSocket extends Socket {
  /** 'data' hands over the place of the next read: what a listener keeps of it, it copies. */
  lends = false;

  constructor() {
    const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(bytesARead);
    const onread: OnReadOpts = {
      buffer,
      callback: (count, bytes) => {
        const read = Buffer.from(bytes.buffer, bytes.byteOffset, count);
        this.emit("data", this.lends ? read : Buffer.from(read));
        return true;
      },
    };
    const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = { onread };
    super(options);
    // Nothing is read into it any more.
    this.once("close", () => {
      if (spare.length < mostSpare) spare.push(buffer);
    });
  }
}
