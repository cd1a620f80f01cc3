import { createHash, timingSafeEqual } from "node:crypto";
import type { ErrorCode } from "@flotilla/runtime";
import type { Session, SessionTable } from "./session-table.ts";
import type { Applied, AttachCommand } from "./types.ts";
import { isTtl } from "./validate.ts";

/** Whether it is the secret of a session. */
export function isSecret(session: Pick<Session, "secretHash"> | undefined, secret: Uint8Array): boolean {
  return session !== undefined && timingSafeEqual(Buffer.from(session.secretHash, "latin1"), hashOf(secret));
}

function hashOf(secret: Uint8Array): Uint8Array {
  return createHash("sha256").update(secret).digest();
}

/** Opens a session, or moves it to a higher attach number. `probe` marks what is rare. */
export function attached(
  sessions: SessionTable,
  { session: id, secret, attach, ttlMs }: AttachCommand,
  probe: (name: string) => void,
): Applied {
  const refuse = (code: ErrorCode): Applied => ({ type: "attach-refused", session: id, attach, code });
  const session = sessions.get(id);
  if (session !== undefined) {
    if (!isSecret(session, secret)) return refuse("ERR_FLOTILLA_WRONG_SECRET");
    if (attach <= session.attach) {
      probe("kv.attach.stale");
      return refuse("ERR_FLOTILLA_MOVED");
    }
    sessions.moveTo(id, attach);
    return { type: "attached", session: id, attach, lastSeq: session.window.lastSeq, ttlMs: session.ttlMs };
  }
  if (ttlMs === null) return refuse("ERR_FLOTILLA_SESSION_EXPIRED");
  if (!isTtl(ttlMs)) return refuse("ERR_FLOTILLA_BAD_ARGUMENT");
  if (sessions.lease(id) !== undefined) return refuse("ERR_FLOTILLA_EXISTS");
  sessions.open({ id, secretHash: hashOf(secret), ttlMs, attach }, 0);
  sessions.grant({ id, session: id, ttlMs, doomed: false });
  return { type: "attached", session: id, attach, lastSeq: 0, ttlMs };
}
