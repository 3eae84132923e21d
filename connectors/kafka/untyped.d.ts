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
  /** Bytes that the frame has at most once it is unpacked. */
  export function decompressBound(frame: Uint8Array): number;
  /**
   * Unpacks one LZ4 frame and returns how many bytes there are; what is past the end of `out` is lost. Its checksums are
   * unlooked at: block checksums, which no Kafka producer writes, it gets wrong.
   */
  export function decompressFrame(frame: Uint8Array, out: Uint8Array): number;
  export function compress(bytes: Uint8Array, maxSize?: number): Uint8Array;
}
