// Tells what time it has whenever it is asked, and whether its time ever turned back.
import { trueNs } from "../../dist/processes/own-clocks.js";

let last = process.hrtime.bigint();
let turnedBack = false;

function monotonic() {
  return Number(process.hrtime.bigint()) / 1e6;
}

function look() {
  const now = process.hrtime.bigint();
  turnedBack ||= now < last;
  last = now;
  setImmediate(look);
}

look();
process.on("message", () => {
  const monotonicMs = monotonic();
  const wallMs = Date.now();
  process.send({ wallMs, monotonicMs, laterMs: monotonic(), trueMs: Number(trueNs()) / 1e6, turnedBack });
});
process.send("ready");
