/**
 * The settings of a connector and its converters that say in what form values arrive, types only. Values that come
 * with their schema tell most of it themselves; without schemas these settings are all there is.
 */
export interface EventSettings {
  /** `time.precision.mode`. */
  readonly time:
    "microseconds" | "adaptive_time_microseconds" | "adaptive" | "connect" | "nanoseconds" | "isostring";
  /** `decimal.handling.mode`. */
  readonly decimal: "string" | "precise" | "double";
  /** `binary.handling.mode`. */
  readonly binary: "bytes" | "base64" | "base64-url-safe" | "hex";
  /** Whether a NULL may arrive as its column's default: `replace.null.with.default`, and Avro always. */
  readonly nullsAsDefaults: boolean;
  /**
   * Whether a zero date may be written at the source (sql_mode without NO_ZERO_DATE and NO_ZERO_IN_DATE): then what
   * may be one is read again.
   */
  readonly zeroDates: boolean;
}

/** Those of the connectors that Headgate generates. */
export const generatedSettings: EventSettings = {
  time: "microseconds",
  decimal: "string",
  binary: "bytes",
  nullsAsDefaults: false,
  zeroDates: true,
};
