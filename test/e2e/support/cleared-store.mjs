// A process that writes much to a store on the real disk, is told to go on, and then asks for several things at once.
// Arguments: the directory, and what to ask for, in order: any of "clear" (what it wrote) and "write".
// Out: "written"; then, after any message, for each of these and for one more write "done" or the code of the error.
import { realDisk } from "@flotilla/runtime/real";

const [directory, ...asked] = process.argv.slice(2);
const [batches, batchKeys] = [20, 2000];

const put = (key, value) => ({ type: "put", key: Buffer.from(key), value });
const keyOf = (k) => `k${String(k).padStart(7, "0")}`;
const outcome = (promise) =>
  promise.then(
    () => "done",
    (error) => error.code ?? String(error),
  );

const store = await realDisk(directory).openStore("log");
for (let batch = 0; batch < batches; batch += 1) {
  const first = batch * batchKeys;
  await store.write(Array.from({ length: batchKeys }, (_, k) => put(keyOf(first + k), new Uint8Array(8))));
}
await store.write([put("z-acknowledged", new Uint8Array(100))]);

const acts = {
  clear: () => store.clear({ to: Buffer.from("l") }),
  write: () => store.write([put("z-refused", new Uint8Array(1_000_000).fill(5))]),
};
async function perform() {
  const outcomes = await Promise.all(asked.map((act) => outcome(acts[act]())));
  process.send([...outcomes, await outcome(acts.write())], () => process.exit(0));
}
process.once("message", () => void perform());
process.send("written");
