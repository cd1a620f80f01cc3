// The job of the examples: every second once in the whole cluster, whoever runs it.
import { setTimeout as sleep } from "node:timers/promises";

const decoder = new TextDecoder();

/** Runs while this process leads. */
export async function cleanup({ epoch, fence, signal }, session) {
  while (!signal.aborted) {
    const tick = Math.floor(Date.now() / 1000);
    const last = Number(decoder.decode((await session.get("/cleanup"))?.value));
    if (tick > last) {
      await session.put("/cleanup", String(tick), { fence }); // refused once somebody else leads
      console.log(`tick ${tick} with epoch ${epoch}`);
    }
    await sleep(1000 - (Date.now() % 1000), undefined, { signal }).catch(() => {}); // ends with the leadership
  }
}
