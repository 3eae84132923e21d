/**
 * The ways in which producers pack their records: gzip is kafkajs's own; snappy, lz4 and zstd are put beside it here, all
 * in plain JavaScript. Headgate only reads, so nothing is packed.
 */
import { decompress as unzstd } from "fzstd";
import kafkajs from "kafkajs";
import snappy from "kafkajs-snappy";
import { decompressBound, decompressFrame } from "lz4js";
import { Fault } from "../../src/errors.js";
import { unreadable } from "./unreadable.js";

interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

function reading(unpack: (bytes: Buffer) => Uint8Array): () => Codec {
  return () => ({
    compress: async () =>
      Promise.reject(new Fault("bug", "A record was to be packed, though Headgate writes to no topic.")),
    decompress: async (bytes) => {
      const unpacked = unpack(bytes);
      return Promise.resolve(Buffer.from(unpacked.buffer, unpacked.byteOffset, unpacked.byteLength));
    },
  });
}

/** What a frame is unpacked into: the library would have a buffer of its largest size made, and cleared, for each. */
let scratch = Buffer.allocUnsafeSlow(0);
/** One that a large frame left behind is not kept. */
const keptBytes = 8 * 1024 * 1024;

function unlz4(frame: Buffer): Buffer {
  const most = decompressBound(frame);
  const room = scratch.length >= most ? scratch : Buffer.allocUnsafeSlow(most);
  if (most <= keptBytes) scratch = room;
  const size = decompressFrame(frame, room);
  if (size > most) throw unreadable("Records that are packed by lz4 are damaged.");
  const unpacked = Buffer.allocUnsafeSlow(size);
  room.copy(unpacked, 0, 0, size);
  return unpacked;
}

/** Idempotent: kafkajs has one table of them for the whole process. */
export function registerCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  CompressionCodecs[CompressionTypes.Snappy] = snappy;
  CompressionCodecs[CompressionTypes.LZ4] = reading(unlz4);
  CompressionCodecs[CompressionTypes.ZSTD] = reading((bytes) => unzstd(bytes));
}
