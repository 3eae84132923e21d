/**
 * What is used of the two decompressors that bring no types of their own. Both are plain JavaScript: a codec with
 * machine code would be one more thing that can be missing on the night.
 */
declare module "kafkajs-snappy" {
  /** Xerial's framing, as Java's clients write it, around snappy. */
  function snappy(): {
    compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
    decompress(bytes: Buffer): Promise<Buffer>;
  };
  export = snappy;
}

declare module "lz4js" {
  /** One LZ4 frame, its checksums unlooked at: block checksums, which no Kafka producer writes, it gets wrong. */
  export function decompress(frame: Uint8Array, maxSize?: number): Uint8Array;
  export function compress(bytes: Uint8Array, maxSize?: number): Uint8Array;
}
