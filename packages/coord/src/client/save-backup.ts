import { FlotillaError } from "@flotilla/runtime";
import { BackupReader } from "../backup/backup-reader.ts";
import type { AdminTarget } from "./admin-call.ts";
import { Conversation } from "./conversation.ts";

/**
 * The bytes of a backup as a member makes them, a piece at a time: the next one is made when it is asked for. Ends
 * without a throw only once every byte was there and matched the checksum at the end.
 * @throws FlotillaError `ERR_FLOTILLA_DAMAGED`, and as `Conversation`
 */
export async function* saveBackup(target: AdminTarget): AsyncGenerator<Uint8Array, void> {
  const conversation = await Conversation.open(target);
  const reader = new BackupReader(() => {});
  try {
    for (let request: "save" | "more" | null = "save"; request !== null;) {
      const reply = await conversation.ask({ type: request });
      if (reply.type !== "piece")
        throw new FlotillaError(
          "ERR_FLOTILLA_BAD_FRAME",
          "the node answered something else than it was asked",
        );
      reader.write(reply.bytes);
      if (reply.bytes.length > 0) yield reply.bytes;
      request = reply.last ? null : "more";
    }
    reader.end();
  } finally {
    conversation.close();
  }
}
