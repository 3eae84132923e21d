/** Packets of any size come out of the frames as they went in, in whatever pieces their bytes land. */
import { describe, expect, it } from "vitest";
import { Frames } from "./frames.js";

/** What a server would send: frames of at most 0xffffff bytes, numbered from 1. */
function framed(payloads: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [];
  let sequence = 1;
  for (const payload of payloads)
    for (let at = 0; ; at += 0xffffff) {
      const piece = payload.subarray(at, at + 0xffffff);
      const head = Buffer.alloc(4);
      head.writeUIntLE(piece.length, 0, 3);
      head[3] = sequence++ & 255;
      parts.push(head, piece);
      if (piece.length < 0xffffff) break;
    }
  return Buffer.concat(parts);
}

function filled(length: number, seed: number): Buffer {
  const out = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) out[i] = (i * 31 + seed * 17 + (i >> 8)) & 255;
  return out;
}

/** A small random generator: the same seed, the same pieces. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

function deliver(bytes: Buffer, frames: Frames, most: (at: number) => number): Buffer[] {
  const out: Buffer[] = [];
  const taker = {
    packet: (buf: Buffer, start: number, end: number) => void out.push(Buffer.from(buf.subarray(start, end))),
  };
  frames.expect(1);
  for (let at = 0; at < bytes.length;) {
    const space = frames.space();
    expect(space.length).toBeGreaterThan(0);
    const count = Math.min(space.length, Math.max(1, most(at)), bytes.length - at);
    bytes.copy(space, 0, at, at + count);
    frames.landed(count, taker);
    at += count;
  }
  return out;
}

describe("frames", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("random packets in random pieces, seed %i", (seed) => {
    const random = seeded(seed);
    const payloads = Array.from({ length: 300 }, (_, i) =>
      filled(Math.floor(random() ** 6 * 3000) + (i % 50 === 0 ? 5000 : 0), i),
    );
    const frames = new Frames(256);
    const out = deliver(framed(payloads), frames, () => random() * 400);
    expect(Buffer.concat(out).equals(Buffer.concat(payloads))).toBe(true);
    expect(out.map((packet) => packet.length)).toEqual(payloads.map((payload) => payload.length));
  });

  it.each([0xfffffe, 0xffffff, 0x1000000, 2 * 0xffffff, 2 * 0xffffff + 7])(
    "a packet of %i bytes",
    (length) => {
      const payloads = [filled(9, 1), filled(length, 2), filled(11, 3)];
      const frames = new Frames(1 << 16);
      const out = deliver(framed(payloads), frames, (at) => 60_000 + (at % 7777));
      expect(out.map((packet) => packet.length)).toEqual([9, length, 11]);
      expect(out[1]?.equals(payloads[1] ?? Buffer.alloc(0))).toBe(true);
    },
  );

  it("grows for one packet and goes back to its size when it may", () => {
    const frames = new Frames(1024);
    const taker = { packet: () => frames.settle() };
    const bytes = framed([filled(100_000, 1), filled(10, 2)]);
    const sizes: number[] = [];
    for (let at = 0; at < bytes.length;) {
      const space = frames.space();
      const count = Math.min(space.length, bytes.length - at);
      bytes.copy(space, 0, at, at + count);
      frames.landed(count, taker);
      sizes.push(frames.size);
      at += count;
    }
    expect(Math.max(...sizes)).toBe(131072);
    expect(frames.size).toBe(1024);
  });

  it("copies what a socket with its own buffers brings", () => {
    const frames = new Frames(64);
    const payloads = [filled(3, 1), filled(500, 2), filled(70, 3)];
    const out: Buffer[] = [];
    frames.expect(1);
    const bytes = framed(payloads);
    for (let at = 0; at < bytes.length; at += 200)
      frames.copied(bytes.subarray(at, at + 200), {
        packet: (buf, start, end) => void out.push(Buffer.from(buf.subarray(start, end))),
      });
    expect(Buffer.concat(out).equals(Buffer.concat(payloads))).toBe(true);
  });

  it("tells when a frame is missing", () => {
    const bytes = framed([filled(5, 1), filled(5, 2)]);
    bytes[9 + 3] = 7;
    expect(() => deliver(bytes, new Frames(64), () => 100)).toThrow(/out of step/u);
  });
});

describe("held packets", () => {
  // Node takes the place for its next read as soon as a read is dealt with: what landed in between must not move it.
  it.each([1, 2, 3])(
    "come later, in order, though the place of the next read was taken before, seed %i",
    (seed) => {
      const random = seeded(seed);
      const payloads = Array.from({ length: 400 }, (_, i) => filled(Math.floor(random() * 90), i));
      const bytes = framed(payloads);
      const frames = new Frames(256);
      const out: Buffer[] = [];
      const taker = {
        packet: (buf: Buffer, start: number, end: number): void => {
          out.push(Buffer.from(buf.subarray(start, end)));
          if (random() < 0.5) frames.hold();
        },
      };
      frames.expect(1);
      let taken = frames.space();
      for (let at = 0; at < bytes.length;) {
        expect(taken.length).toBeGreaterThan(0);
        const count = Math.min(taken.length, 1 + Math.floor(random() * 300), bytes.length - at);
        bytes.copy(taken, 0, at, at + count);
        at += count;
        frames.landed(count, taker);
        taken = frames.space();
        // Several stops may lie between two reads.
        while (random() < 0.7) frames.release(taker);
      }
      for (let before = -1; before < out.length;) {
        before = out.length;
        for (let i = 0; i < 10; i++) frames.release(taker);
      }
      expect(out.length).toBe(payloads.length);
      expect(out.every((each, i) => each.equals(payloads[i]!))).toBe(true);
    },
  );
});
