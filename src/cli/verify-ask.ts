/** What `verify` can be asked, as it goes over the engine's socket; checked where it arrives. */
import { z } from "zod";
import { Fault } from "../errors.js";

const askSchema = z.strictObject({
  full: z.boolean(),
  /** Source names; null for all. */
  tables: z.array(z.string().min(1)).min(1).nullable(),
  method: z.enum(["stream", "digest"]).nullable(),
  /** Rows are counted, and nothing else is done. */
  counts: z.boolean(),
  /** Only rows picked by a hash of their key. */
  sample: z.strictObject({ percent: z.number().gt(0).max(100), seed: z.int().min(0) }).nullable(),
});

export type VerifyAsk = z.output<typeof askSchema>;

export function readAsk(ask: unknown): VerifyAsk {
  const parsed = askSchema.safeParse(ask);
  if (parsed.success) return parsed.data;
  throw new Fault("usage", "The verification that was asked for is not as it should be.", {
    next: "headgate verify --help",
    cause: parsed.error,
  });
}
