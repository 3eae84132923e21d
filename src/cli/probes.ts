/** What the governor looks at on each server before it lets somebody go on. */
import type { Source, TargetPulse } from "../port.js";
import type { Probe } from "../safety/pressure.js";

export function probesOf(source: Source, replica: Source | undefined, pulse: TargetPulse): readonly Probe[] {
  return [
    ...(replica === undefined
      ? []
      : [
          {
            metric: "replica-lag" as const,
            of: "source.replica",
            read: async () => (await replica.load()).lagSeconds,
          },
        ]),
    { metric: "replica-lag", of: "the target's standbys", read: () => pulse.standbyLagSeconds() },
    { metric: "disk", of: "the target's disk", read: () => pulse.diskUsed() },
    { metric: "latency", of: "the target", read: () => pulse.latencyMs() },
    {
      metric: "threads",
      of: "the source",
      read: async () => (await source.load()).threadsRunning,
    },
  ];
}
