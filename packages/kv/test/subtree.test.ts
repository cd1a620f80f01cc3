import { afterEach, expect, test, vi } from "vitest";
import { parentOf } from "../src/index.ts";
import { create, Driver } from "./support.ts";

afterEach(() => vi.restoreAllMocks());

function opened(...paths: string[]): Driver {
  const driver = new Driver();
  driver.open(1);
  for (const path of paths) expect(driver.code(1, create(path))).toBe("ok");
  return driver;
}

const paths = ["/d", "/d-x", "/d-x/y", "/d/b", "/d/b-c", "/d/b/c", "/d/b/c/d", "/d/b0", "/d/z", "/d/z/y"];

test.each(["/", "/d", "/d/b", "/none"])("a node and its children are those of its subtree: %s", (top) => {
  const { machine } = opened(...paths);
  const isNear = (path: string): boolean => path === top || parentOf(path) === top;
  const wanted = [...machine.subtree(top, 100).pages].flat().filter(({ path }) => isNear(path));
  for (const limit of [1, 2, 100])
    expect([...machine.subtree(top, limit, "children").pages].flat()).toEqual(wanted);
});

test("pages of children are full, but for the last one", () => {
  const { pages } = opened(...paths).machine.subtree("/d", 2, "children");
  expect([...pages].map((page) => page.map(({ path }) => path))).toEqual([
    ["/d", "/d/b"],
    ["/d/b-c", "/d/b0"],
    ["/d/z"],
  ]);
});

test("to list a node and its children looks at few of the nodes below those", () => {
  const driver = opened("/d", "/d/a", "/d/b");
  for (const parent of ["/d/a", "/d/b"]) {
    const ops = Array.from({ length: 500 }, (_, child) => create(`${parent}/${child}`));
    expect(driver.code(1, { type: "multi", ops })).toBe("ok");
  }
  const looks = vi.spyOn(String.prototype, "startsWith");
  expect([...driver.machine.subtree("/d", 256, "children").pages].flat()).toHaveLength(3);
  expect(looks.mock.calls.length).toBeLessThan(20);
});
