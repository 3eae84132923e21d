/** How a transaction that lacks changes in a topic is told of: something else stands where they should, or nothing comes. */
import { Fault } from "../../../src/errors.js";
import type { Ended } from "./marks.js";
import type { RowHead } from "./row-head.js";
import type { Rows } from "./rows.js";
import type { Share } from "./share.js";

/** What stands where changes of the transaction should; `earlier`: something that stands before it and never ended. */
export function wrong(
  rows: Rows,
  { event, target, at }: RowHead,
  ended: Ended,
  share: Share,
  earlier: boolean,
): Fault {
  const facts = { transaction: ended.id, next: at.gtid ?? "", table: target.name, topic: rows.topic };
  // MySQL's connector puts it into no transaction, MariaDB's into one that has no end.
  if (event.op !== "t" && (event.transaction === null || earlier))
    return new Fault(
      "xa-event",
      `The transaction ${at.gtid ?? ""} changed ${target.name} as an XA transaction, of whose end no topic tells.`,
      { facts },
    );
  if (share.lacks === "") return share.halved();
  const lacks = `The topic ${rows.topic} lacks changes of the transaction ${ended.id}: it has ${share.lacks}, and changes of ${at.gtid ?? ""} follow.`;
  if (!rows.trimmed) return new Fault("events-dropped", lacks, { facts });
  return new Fault("topic-gap", `${lacks} Kafka has deleted what stood there before it was applied.`, {
    facts,
  });
}

/** The log has rows of tables in topics that its end does not count at all. */
export function uncounted({ id }: Ended, tables: readonly string[]): Fault {
  return new Fault(
    "events-dropped",
    `The connector has counted no changes of ${tables.join(", ")} in the transaction ${id}, and the source's log has some.`,
    { facts: { transaction: id, tables: tables.join(" ") } },
  );
}

export function late(ended: Ended, share: Share, rows: Rows, waited: number): Fault {
  return new Fault(
    "events-dropped",
    `The transaction ${ended.id} has ended, and the topic ${rows.topic} has only ${share.lacks} after ${String(Math.round(waited / 1000))} s.`,
    {
      next: "See that the connector runs and writes to the topic, then headgate run: it goes on where it stopped.",
      facts: { transaction: ended.id, topic: rows.topic },
    },
  );
}
