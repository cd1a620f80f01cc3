import type { Session } from "../client/api.ts";
import { Wake } from "./wake.ts";

/**
 * Reads once armed, then again after every change at or below `path`, and yields what differs. Reads are
 * linearizable, so what is yielded never goes back in time.
 */
export async function* observeChanges<T>(
  session: Session,
  path: string,
  options: { readonly signal?: AbortSignal },
  read: () => Promise<T>,
  same: (a: T, b: T) => boolean,
): AsyncGenerator<T, void, undefined> {
  if (options.signal?.aborted === true) return;
  const watch = await session.watch(path, { kind: "recursive", ...options });
  const wake = new Wake();
  const following = follow(watch, wake);
  try {
    let last = await read();
    yield last;
    for (;;) {
      if (
        (await Promise.race([wake.next(undefined).then(() => "changed" as const), following])) !== "changed"
      )
        return;
      const now = await read();
      if (!same(last, now)) yield (last = now);
    }
  } finally {
    await watch.close();
  }
}

/** Resolves when the stream ends in order; rejects when its session is lost. */
async function follow(watch: AsyncIterable<unknown>, wake: Wake): Promise<"ended"> {
  for await (const _ of watch) wake.notify();
  return "ended";
}
