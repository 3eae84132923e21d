/**
 * What kafkajs would write into a log. Nobody reads it, whatever KAFKAJS_LOG_LEVEL says, but for one thing that the library
 * tells there and nowhere else: that a group's coordinator was not found because the user may not use the group.
 */
import kafkajs from "kafkajs";
import type { KafkaConfig, logCreator } from "kafkajs";

const refusal = /^Not authorized to access group/u;

export class ClientLog {
  #groupRefused = false;

  /** For the client's configuration. */
  get settings(): Pick<KafkaConfig, "logLevel" | "logCreator"> {
    const creator: logCreator = () => (entry) => {
      const { message, error } = entry.log;
      if (message.startsWith("Response GroupCoordinator") && refusal.test(String(error)))
        this.#groupRefused = true;
    };
    return { logLevel: kafkajs.logLevel.ERROR, logCreator: creator };
  }

  /** Whether that was told since this was asked last. */
  takeGroupRefused(): boolean {
    const refused = this.#groupRefused;
    this.#groupRefused = false;
    return refused;
  }
}
