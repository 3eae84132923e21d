/**
 * `complete`: ends the soak and closes the way back, by an explicit word: slot, publication and the reverse ledger go. What
 * a person still has to drop is printed.
 */
import { z } from "zod";
import { confirmTarget } from "../config/confirm.js";
import { exits } from "../errors.js";
import { engineWorkOn } from "./engine-work.js";
import { openMigration } from "./open.js";
import type { VerbResult } from "./output.js";
import type { VerbContext } from "./verb.js";

export interface CompleteFlags {
  readonly confirm?: string;
  readonly yes: boolean;
}

const bodySchema = z.looseObject({
  delivery: z.array(z.string()).default([]),
  keptAway: z.looseObject({ sentences: z.array(z.string()) }).default({ sentences: [] }),
  drop: z.array(z.object({ side: z.string(), sql: z.string() })).default([]),
});

export async function completeVerb(context: VerbContext, flags: CompleteFlags): Promise<VerbResult> {
  await using migration = await openMigration(context);
  await confirmTarget({
    environment: migration.config.environment,
    database: migration.targetDatabase,
    confirm: flags.confirm,
    terminal: context.services.terminal,
    ask: context.services.ask,
  });
  return await engineWorkOn(context, migration, {
    kind: "complete",
    ask: {},
    onProgress: () => undefined,
    tell: () => undefined,
    result: (id, body) => {
      const { delivery, drop, keptAway } = bodySchema.parse(body);
      return {
        exit: exits.done,
        nextSteps: [{ why: "what was done and proven", command: "headgate report" }],
        body,
        human: [
          `${id}: completed. The way back is closed; the source stays shut for applications.`,
          ...delivery,
          ...keptAway.sentences,
          ...drop.map(({ side, sql }) => `left on the ${side}: ${sql}`),
        ],
      };
    },
  });
}
