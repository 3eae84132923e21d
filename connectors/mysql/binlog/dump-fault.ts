/**
 * What a refused or ended dump means. The servers have one number for nearly all of it (1236), so that the sentence
 * decides: what was purged, what never was on this server, and another reader of our name are three different nights.
 */
import { Fault } from "../../../src/errors.js";
import type { FaultCode } from "../../../src/errors.js";

const meanings: readonly (readonly [pattern: RegExp, code: FaultCode, sentence: string])[] = [
  [
    /same server_uuid|same server_id/iu,
    "feed-stolen",
    "Another reader took over the stream of the source's log.",
  ],
  [
    /purged|could not find first log file|Probably the slave state is too old/iu,
    "log-purged",
    "The source has thrown away a part of its log that is not applied yet.",
  ],
  [
    /more GTIDs than the|not in the master's binlog|impossible position|cannot start in AUTO_POSITION mode|position > file size|bogus data in log event/iu,
    "position-unknown",
    "The source does not know the position that is applied.",
  ],
];

export function dumpFault(fault: Fault): Fault {
  const number = fault.facts["errno"];
  if (number !== 1236 && number !== 4052) return fault;
  for (const [pattern, code, sentence] of meanings)
    if (pattern.test(fault.message))
      return new Fault(code, `${sentence} ${fault.message}`, { facts: fault.facts, cause: fault });
  return fault;
}
