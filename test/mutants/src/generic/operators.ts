import { parseSync } from "vite";

/** One small change of one source file. */
export interface SmallChange {
  readonly file: string;
  /** Line of the file, from 1. */
  readonly line: number;
  /** What was done: `a < b` became `a <= b`. */
  readonly what: string;
  /** The whole file, changed. */
  readonly changed: string;
}

interface AstNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** One text in the place of another. */
interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const operators: Readonly<Record<string, string>> = {
  "===": "!==",
  "!==": "===",
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "+": "-",
  "-": "+",
  "*": "+",
  "&&": "||",
  "||": "&&",
  "+=": "-=",
  "-=": "+=",
  "++": "--",
  "--": "++",
};
/** What only stops or marks a sound machine: a change of it is no change of what it does. */
const spared: ReadonlySet<string> = new Set(["invariant", "probe"]);
const typesOnly = /^TS(?!AsExpression|NonNullExpression|SatisfiesExpression)/;

function isNode(value: unknown): value is AstNode {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

function nameOf(node: unknown): string {
  if (!isNode(node)) return "";
  if (node.type === "MemberExpression") return nameOf(node["property"]);
  const { name } = node;
  return typeof name === "string" ? name : "";
}

/** All small changes of a file, in its order. */
export function smallChanges(file: string, source: string): SmallChange[] {
  const found: Replacement[] = [];
  const { program } = parseSync(file, source, { lang: "ts" });
  for (const statement of program.body) walk(statement, source, found);
  return found
    .toSorted((a, b) => a.start - b.start || a.end - b.end)
    .map(({ start, end, text }) => {
      const before = source.slice(start, end);
      const what = `${short(before)} → ${text === "" ? "nothing" : short(text)}`;
      const line = source.slice(0, start).split("\n").length;
      return { file, line, what, changed: source.slice(0, start) + text + source.slice(end) };
    });
}

function short(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > 70 ? `${line.slice(0, 67)}...` : line;
}

function walk(value: unknown, source: string, found: Replacement[]): void {
  if (Array.isArray(value)) {
    for (const each of value) walk(each, source, found);
    return;
  }
  if (!isNode(value) || typesOnly.test(value.type) || value.type === "ImportDeclaration") return;
  if (value.type === "CallExpression" && spared.has(nameOf(value["callee"]).replace("#", ""))) return;
  change(value, source, found);
  for (const [key, part] of Object.entries(value)) if (key !== "typeAnnotation") walk(part, source, found);
}

function change(node: AstNode, source: string, found: Replacement[]): void {
  const { type, start, end } = node;
  switch (type) {
    case "BinaryExpression":
    case "LogicalExpression":
    case "AssignmentExpression":
      swapOperator(node, source, found);
      return;
    case "UpdateExpression":
      swapUpdate(node, source, found);
      return;
    case "UnaryExpression":
      if (node["operator"] === "!") found.push({ start, end: start + 1, text: "" });
      return;
    case "IfStatement":
    case "WhileStatement":
    case "ConditionalExpression":
      negate(node["test"], source, found);
      return;
    case "ExpressionStatement":
      if (!isSpared(node["expression"])) found.push({ start, end, text: ";" });
      return;
    case "Literal":
      changeLiteral(node, found);
      return;
    default:
  }
}

function isSpared(expression: unknown): boolean {
  if (!isNode(expression)) return false;
  return expression.type === "CallExpression" && spared.has(nameOf(expression["callee"]).replace("#", ""));
}

/** The text of an operator between two operands. */
function swapOperator(node: AstNode, source: string, found: Replacement[]): void {
  const { left, right, operator } = node;
  if (!isNode(left) || !isNode(right) || typeof operator !== "string") return;
  const other = operators[operator];
  // Texts are not subtracted.
  const isText = [left, right].some(
    ({ type, value }) => type === "TemplateLiteral" || typeof value === "string",
  );
  if (other === undefined || (isText && operator === "+")) return;
  const start = source.indexOf(operator, left.end);
  if (start < right.start) found.push({ start, end: start + operator.length, text: other });
}

function swapUpdate(
  { argument, operator, prefix, start, end }: AstNode,
  source: string,
  found: Replacement[],
): void {
  if (!isNode(argument) || typeof operator !== "string") return;
  const name = source.slice(argument.start, argument.end);
  const other = operators[operator] ?? operator;
  found.push({ start, end, text: prefix === true ? other + name : name + other });
}

function negate(test: unknown, source: string, found: Replacement[]): void {
  if (!isNode(test)) return;
  const { start, end } = test;
  found.push({ start, end, text: `!(${source.slice(start, end)})` });
}

function changeLiteral({ value, start, end }: AstNode, found: Replacement[]): void {
  if (typeof value === "boolean") found.push({ start, end, text: String(!value) });
  if (typeof value === "number") found.push({ start, end, text: String(value + 1) });
}
