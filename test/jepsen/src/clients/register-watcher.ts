import type { Session, Watch } from "@flotilla/coord/client";
import { text } from "@flotilla/coord/client";
import type { ChainItem, ChainRecord } from "@flotilla/history";
import { FlotillaError } from "@flotilla/runtime";
import type { Recorder } from "./recorder.ts";
import { registerRoot } from "./register-paths.ts";

type Told = Watch extends AsyncIterable<infer Event> ? Event : never;

/** Notes all that a watch over every register tells, until the session is over. */
export async function watchRegisters(name: string, session: Session, recorder: Recorder): Promise<void> {
  const items: ChainItem[] = [];
  const record: ChainRecord = { kind: "watch-stream", client: name, session: session.id, items };
  recorder.streams.push(record);
  try {
    await using watch = await session.watch(registerRoot, { kind: "recursive", initial: true });
    for await (const event of watch) {
      const item = itemOf(event);
      if (item === null) continue;
      items.push(item);
      recorder.told(name, session.id, item);
    }
  } catch (error) {
    if (!FlotillaError.is(error)) throw error;
  }
}

/** Null for the root itself. */
function itemOf(event: Told): ChainItem | null {
  const { type, revision } = event;
  if (type === "snapshot") {
    const nodes = event.nodes.map(({ path, node }) => {
      return { path, version: node.stat.version, value: text(node.value) };
    });
    return { type, revision, nodes: nodes.filter(({ path }) => path !== registerRoot) };
  }
  const { path, node } = event;
  if (path === registerRoot) return null;
  if (node === null) return { type, revision, path };
  return { type, revision, path, version: node.stat.version, value: text(node.value) };
}
