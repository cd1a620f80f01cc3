import { Answered } from "./answered.ts";
import { limits } from "./limits.ts";
import type { SessionTable } from "./session-table.ts";
import type { Applied, RequestCommand } from "./types.ts";

type RefusedWhy = Extract<Applied, { type: "refused" }>["why"];

/** What a request comes to whose turn it is not; null when it is its turn. `probe` marks what became of it. */
export function turned(
  sessions: SessionTable,
  command: RequestCommand,
  probe: (name: string) => void,
): Applied | null {
  const { session: id, attach, seq, ack } = command;
  const refuse = (why: RefusedWhy, nextSeq: number): Applied => {
    probe(`kv.request.${why}`);
    return { type: "refused", session: id, attach, seq, why, nextSeq };
  };
  const session = sessions.get(id);
  if (session === undefined) return refuse("no-session", 0);
  const { window } = session;
  const nextSeq = window.lastSeq + 1;
  if (attach !== session.attach) return refuse("moved", nextSeq);
  if (seq > nextSeq) return refuse("gap", nextSeq);
  if (seq <= window.acked) return refuse("forgotten", nextSeq);
  const kept = window.get(seq);
  if (kept !== undefined) {
    probe("kv.request.repeat");
    return new Answered(id, attach, seq, true, kept);
  }
  const isFull =
    window.lastSeq - Math.max(ack, window.acked) >= limits.windowRequests ||
    window.reaches(limits.windowBytes, ack);
  return isFull ? refuse("full", nextSeq) : null;
}
