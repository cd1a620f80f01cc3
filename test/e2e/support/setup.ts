import { afterAll, afterEach, beforeEach } from "vitest";
import { fromNowOn } from "./children.ts";

const endOfFile = fromNowOn();
let endOfTest = endOfFile;

beforeEach(() => {
  endOfTest = fromNowOn();
});
afterEach(() => endOfTest());
afterAll(() => endOfFile());
