/**
 * The peer beside the feed: the library that Node programs read MySQL's log with, from the same position over the same
 * changes, its rows as the objects that it gives. It is asked for row events only, with its settings that lose least.
 * What it hands over still has to become PostgreSQL's bytes; its user pays for that besides.
 */
import ZongJi from "@vlasky/zongji";
import type { BinlogEvent } from "@vlasky/zongji";
import type { Position } from "../../src/model.js";
import type { MysqlOptions } from "../../connectors/mysql/connection.js";

/** Reads from `from` on until so many changed rows have come; an error of the library ends it. */
export async function readByZongji(options: MysqlOptions, from: Position, changes: number): Promise<void> {
  const { host, port, user, password } = options;
  const zongji = new ZongJi({
    host,
    port,
    user,
    password,
    dateStrings: true,
    jsonStrings: true,
    timezone: "Z",
  });
  try {
    await new Promise<void>((resolve, reject) => {
      let seen = 0;
      zongji.on("error", reject);
      zongji.on("binlog", (event: BinlogEvent) => {
        if (!("rows" in event) || !Array.isArray(event.rows)) return;
        seen += event.rows.length;
        if (seen >= changes) resolve();
      });
      zongji.start({
        serverId: 4711,
        filename: from.file,
        position: Number(from.offset),
        includeEvents: ["tablemap", "writerows", "updaterows", "deleterows"],
        includeSchema: { [options.database]: true },
      });
    });
  } finally {
    zongji.stop();
  }
}
