import { afterAll, afterEach, beforeEach } from "vitest";
import { fromNowOn } from "../../jepsen/src/processes/children.ts";

const endOfFile = fromNowOn();
let endOfTest = endOfFile;

beforeEach(() => {
  endOfTest = fromNowOn();
});
afterEach(() => endOfTest());
afterAll(() => endOfFile());
