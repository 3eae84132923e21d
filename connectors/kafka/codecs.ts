/**
 * The ways in which producers pack their records: gzip is kafkajs's own; snappy, lz4 and zstd are put beside it here, all
 * in plain JavaScript. Headgate only reads, so nothing is packed.
 */
import { decompress as unzstd } from "fzstd";
import kafkajs from "kafkajs";
import snappy from "kafkajs-snappy";
import { decompress as unlz4 } from "lz4js";
import { Fault } from "../../src/errors.js";

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

/** Idempotent: kafkajs has one table of them for the whole process. */
export function registerCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  CompressionCodecs[CompressionTypes.Snappy] = snappy;
  CompressionCodecs[CompressionTypes.LZ4] = reading((bytes) => unlz4(bytes));
  CompressionCodecs[CompressionTypes.ZSTD] = reading((bytes) => unzstd(bytes));
}
