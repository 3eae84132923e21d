/** The screen and the log of an engine: one stderr for both, so the log's lines go above the screen's block. */
import type { Log } from "../watch/log.js";
import { openLog } from "../watch/log.js";
import { openScreen } from "../watch/screen.js";
import type { Screen } from "../watch/screen.js";
import type { VerbContext } from "./verb.js";

export async function engineVoice({ services, output }: VerbContext): Promise<{
  readonly screen: Screen;
  readonly log: Log;
}> {
  const terminal = services.terminal && !output.json;
  const screen = await openScreen(terminal ? services.size : null, services.now, services.streams.stderr);
  const log = openLog(
    "info",
    (line) => {
      screen.above(line);
    },
    (text) => output.scrub(text),
    terminal,
  );
  return { screen, log };
}
